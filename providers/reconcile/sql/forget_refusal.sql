-- No row. Clears the refusal of the scope's last run.
-- Leans on the primary key of reconcile_cursors.
DELETE FROM reconcile_cursors WHERE scope = %(scope)s
