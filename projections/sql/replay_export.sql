-- One row: the name of this transaction's snapshot, for other sessions to read under.
-- Leans on nothing.
SELECT pg_export_snapshot()
