-- No row. The page up to this event is kept.
-- Leans on the primary key of reconcile_cursors.
UPDATE reconcile_cursors
   SET after = %(after)s, newest = greatest(newest, %(newest)s::timestamptz), updated_at = %(now)s
 WHERE scope = %(scope)s
