-- name: database_clock
-- One row: the database's clock, now.
-- Leans on nothing.
SELECT clock_timestamp()
