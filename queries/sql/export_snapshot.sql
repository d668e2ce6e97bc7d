-- No row. What is appended during an export is not in it.
-- Leans on nothing.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
