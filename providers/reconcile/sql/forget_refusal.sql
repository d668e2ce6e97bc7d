-- No row. The last run of the scope was stopped by no brake.
-- Leans on the primary key of reconcile_cursors.
DELETE FROM reconcile_cursors WHERE scope = %(scope)s
