-- No rows; the rest of this transaction reads one snapshot of the log.
-- Leans on nothing.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
