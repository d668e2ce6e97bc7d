-- One row or none: the result kept under a scope.
-- Leans on the primary key of reconcile_cursors.
SELECT result FROM reconcile_cursors WHERE scope = %(scope)s
