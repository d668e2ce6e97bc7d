-- No row. Every statement of this transaction sees the same moment.
-- Leans on nothing.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
