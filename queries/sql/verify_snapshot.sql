-- No rows; all that follows in this transaction reads one state of the log.
-- Leans on nothing.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
