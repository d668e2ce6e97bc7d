-- No row. Clears the objects seen by the previous run.
-- Leans on the primary key of reconcile_seen.
DELETE FROM reconcile_seen WHERE scope = %(scope)s
