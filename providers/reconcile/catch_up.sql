-- name: begin_window
-- No row. Starts a run over a window; the covered range does not change.
-- Uses the primary key of reconcile_cursors.
INSERT INTO reconcile_cursors (scope, window_from, updated_at) VALUES (%(scope)s, %(window_from)s, %(now)s)
    ON CONFLICT (scope) DO UPDATE
   SET window_from = excluded.window_from, after = NULL, newest = NULL, updated_at = excluded.updated_at

-- name: end_window
-- No row. Completes the run: its window is merged with the covered range if the two touch.
-- Uses the primary key of reconcile_cursors.
UPDATE reconcile_cursors
   SET covers_from  = CASE WHEN caught_up_to >= window_from THEN least(covers_from, window_from)
                           ELSE window_from END,
       caught_up_to = greatest(caught_up_to, newest, window_from),
       finished_at  = %(now)s,
       window_from  = NULL, after = NULL, newest = NULL,
       updated_at   = %(now)s
 WHERE scope = %(scope)s

-- name: keep_page
-- No row. The page up to this event is kept.
-- Uses the primary key of reconcile_cursors.
UPDATE reconcile_cursors
   SET after = %(after)s, newest = greatest(newest, %(newest)s::timestamptz), updated_at = %(now)s
 WHERE scope = %(scope)s

-- name: read_cursor
-- One row or none: how far a scope is caught up.
-- Uses the primary key of reconcile_cursors.
SELECT scope, finished_at, caught_up_to, covers_from, window_from, after, newest
  FROM reconcile_cursors WHERE scope = %(scope)s
