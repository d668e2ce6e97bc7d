-- No row. Starts a run over a window; the covered range does not change.
-- Leans on the primary key of reconcile_cursors.
INSERT INTO reconcile_cursors (scope, window_from, updated_at) VALUES (%(scope)s, %(window_from)s, %(now)s)
    ON CONFLICT (scope) DO UPDATE
   SET window_from = excluded.window_from, after = NULL, newest = NULL, updated_at = excluded.updated_at
