-- No rows; from here on this transaction sees one snapshot.
-- Leans on snapshot isolation.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY
