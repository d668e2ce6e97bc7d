-- No rows; from here on this transaction sees one moment.
-- Leans on snapshot isolation.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY
