-- No row. Completes the run: its window is merged with the covered range if the two touch.
-- Leans on the primary key of reconcile_cursors.
UPDATE reconcile_cursors
   SET covers_from  = CASE WHEN caught_up_to >= window_from THEN least(covers_from, window_from)
                           ELSE window_from END,
       caught_up_to = greatest(caught_up_to, newest, window_from),
       finished_at  = %(now)s,
       window_from  = NULL, after = NULL, newest = NULL,
       updated_at   = %(now)s
 WHERE scope = %(scope)s
