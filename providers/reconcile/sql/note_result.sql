-- No row. Stores the result of the last complete run.
-- Leans on the primary key of reconcile_cursors.
INSERT INTO reconcile_cursors (scope, finished_at, result, updated_at)
VALUES (%(scope)s, %(now)s, %(result)s::jsonb, %(now)s)
    ON CONFLICT (scope) DO UPDATE
   SET finished_at = excluded.finished_at, result = excluded.result, updated_at = excluded.updated_at
