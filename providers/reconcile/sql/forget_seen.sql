-- No row. A new run has met nobody yet.
-- Leans on the primary key of reconcile_seen.
DELETE FROM reconcile_seen WHERE scope = %(scope)s
