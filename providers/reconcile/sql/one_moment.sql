-- No row. Every statement of this transaction sees the same snapshot.
-- Leans on nothing.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
