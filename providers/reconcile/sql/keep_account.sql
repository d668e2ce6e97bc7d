-- No row. The Stripe account that a scope is of; what was kept first stays.
-- Leans on the primary key of reconcile_cursors.
INSERT INTO reconcile_cursors (scope, result, updated_at)
VALUES (%(scope)s, jsonb_build_object('account', %(account)s::text), %(now)s)
    ON CONFLICT (scope) DO NOTHING
