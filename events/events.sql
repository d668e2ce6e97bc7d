-- name: database_clock
-- One row: the database's clock, now.
-- Uses no index.
SELECT clock_timestamp()
