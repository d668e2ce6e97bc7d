-- No row. A brake stopped the run; `updated_at` is when it first did. An alarm until a run of the scope is not stopped.
-- Leans on the primary key of reconcile_cursors.
INSERT INTO reconcile_cursors (scope, result, updated_at) VALUES (%(scope)s, %(result)s::jsonb, %(now)s)
    ON CONFLICT (scope) DO UPDATE SET result = excluded.result
