-- One row: is_known, is_deleted, for_sale (plan keys), facts_of_key (events this key already has), state (the
-- fold, as projected), last_own_at (the instant of Tenure's last event of the user, projected or not).
-- Leans on users_user_id, events_idempotency, events_stream and the primary key of projection_states.
SELECT EXISTS (SELECT FROM users u WHERE u.user_id = %(user_id)s::text) AS is_known,
       EXISTS (SELECT FROM users u
                WHERE u.user_id = %(user_id)s::text AND u.deleted_at IS NOT NULL) AS is_deleted,
       (SELECT coalesce(array_agg(p.plan_key ORDER BY p.display_order, p.plan_key), '{}')
          FROM subscription_plans p WHERE p.is_active) AS for_sale,
       (SELECT count(*) FROM events e
         WHERE e.part = %(part)s::smallint AND e.source_system = 'tenure' AND e.livemode
           AND e.idempotency_key = ANY(%(keys)s::text[])) AS facts_of_key,
       (SELECT s.state::text FROM projection_states s WHERE s.user_id = %(user_id)s::text) AS state,
       (SELECT e.occurred_at FROM events e
         WHERE e.part = %(part)s::smallint AND e.route_key = %(user_id)s::text AND e.source_system = 'tenure'
         ORDER BY e.position DESC LIMIT 1) AS last_own_at
