-- One row or none: how far a scope is caught up.
-- Leans on the primary key of reconcile_cursors.
SELECT scope, finished_at, caught_up_to, covers_from, window_from, after, newest
  FROM reconcile_cursors WHERE scope = %(scope)s
