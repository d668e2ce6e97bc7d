-- One row: the user's address, how often they were erased, whether their name is a Stripe customer's too, and how many
-- events wait to be projected.
-- Leans on users_user_id and events_stream.
SELECT (SELECT u.email FROM users u WHERE u.user_id = %(user_id)s::text) AS email,
       EXISTS (SELECT FROM users u WHERE u.user_id = %(user_id)s::text)
       OR EXISTS (SELECT FROM events e WHERE e.part = %(part)s::smallint AND e.route_key = %(user_id)s::text
                     AND e.source_system <> 'stripe'
                     AND NOT (e.source_system = 'tenure' AND e.aggregate_type = ANY (%(service)s::text[])))
       AS is_known,
       (SELECT count(*) FROM events e
         WHERE e.part = %(part)s::smallint AND e.route_key = %(user_id)s::text
           AND e.event_type = 'privacy.erased' AND e.source_system = 'tenure') AS erasures,
       EXISTS (SELECT FROM customer_links l WHERE l.customer_id = %(user_id)s::text) AS is_also_a_customer,
       (SELECT coalesce(sum(h.head - c.position), 0)::bigint
          FROM part_heads h JOIN projection_checkpoints c USING (part)) AS unprojected,
       (SELECT coalesce(array_agg(l.customer_id ORDER BY l.customer_id), '{}')
          FROM customer_links l WHERE l.user_id = %(user_id)s::text) AS customers,
       to_regclass('background_jobs') IS NOT NULL AS has_jobs
