-- One row: is_known, is_deleted, for_sale (plan keys), facts_of_key (events this key gave already).
-- Leans on users_user_id and events_idempotency.
SELECT EXISTS (SELECT FROM users u WHERE u.user_id = %(user_id)s::text) AS is_known,
       EXISTS (SELECT FROM users u
                WHERE u.user_id = %(user_id)s::text AND u.deleted_at IS NOT NULL) AS is_deleted,
       (SELECT coalesce(array_agg(p.plan_key ORDER BY p.display_order, p.plan_key), '{}')
          FROM subscription_plans p WHERE p.is_active) AS for_sale,
       (SELECT count(*) FROM events e
         WHERE e.part = %(part)s::smallint AND e.source_system = 'tenure' AND e.livemode
           AND e.idempotency_key = ANY(%(keys)s::text[])) AS facts_of_key
