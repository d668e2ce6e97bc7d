-- No rows; from here on this transaction sees one snapshot. Nothing may have been read in it before.
-- Leans on snapshot isolation.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
