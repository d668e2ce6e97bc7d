-- name: is_behind
-- One row: is_behind, whether any of these routes has an event beyond its part's checkpoint.
-- Uses events_stream.
SELECT EXISTS (SELECT FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS r (part, route_key)
                 JOIN projection_checkpoints c ON c.part = r.part
                 JOIN events e ON e.part = r.part AND e.route_key = r.route_key AND e.position > c.position) AS is_behind

-- name: is_settled
-- One row: is_settled.
-- Uses events_stream.
SELECT EXISTS (SELECT FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS r (part, route_key)
                 JOIN events e ON e.part = r.part AND e.route_key = r.route_key
                WHERE e.event_type IN ('stripe.invoice.paid', 'stripe.invoice.payment_succeeded',
                                       'stripe.invoice.voided', 'stripe.invoice.marked_uncollectible')
                  AND readable_json(e.event_data) #>> '{data,object,id}' = %(invoice)s::text) AS is_settled

-- name: recipient
-- At most one row: the user, their customers, and whether their history stops at a bad event.
-- Uses users_user_id and customer_links_user.
SELECT u.user_id, u.email, u.full_name, u.deleted_at, s.trial_status, s.trial_end_date,
       s.subscription_status, p.plan_name,
       ARRAY(SELECT l.customer_id FROM customer_links l WHERE l.user_id = u.user_id ORDER BY 1) AS customers,
       EXISTS (SELECT FROM quarantine q WHERE q.user_id = u.user_id) AS is_quarantined
  FROM users u
  JOIN user_subscriptions s ON s.user_id = u.id
  LEFT JOIN subscription_plans p ON p.plan_key = coalesce(nullif(s.current_plan, 'free'), s.intended_plan)
 WHERE u.user_id = %(user_id)s::text
