-- name: grants_to_end
-- Rows: user_id, due_at of users with a granted plan that ends by an instant, in order of recording.
-- Uses events_type; operators grant plans by hand, so there are few.
SELECT e.route_key AS user_id, (e.event_data ->> 'until')::timestamptz AS due_at, e.recorded_at, e.id
  FROM events e
 WHERE e.event_type = 'entitlement.granted' AND e.source_system = 'tenure' AND e.event_data ->> 'until' IS NOT NULL
   AND (e.event_data ->> 'until')::timestamptz <= %(by)s
   AND (e.recorded_at, e.id) > (%(after_at)s::timestamptz, %(after_id)s::uuid)
   AND NOT EXISTS (SELECT FROM quarantine q WHERE q.user_id = e.route_key)
 ORDER BY e.recorded_at, e.id
 LIMIT %(limit)s

-- name: months_to_end
-- Rows: user_id, due_at of users whose month of usage ends by an instant, in order of the end.
-- Uses user_usage_reset.
SELECT u.user_id, g.usage_reset_date AS due_at
  FROM user_usage g
  JOIN users u ON u.id = g.user_id
 WHERE g.usage_reset_date <= %(by)s AND u.deleted_at IS NULL
   AND (g.usage_reset_date, u.user_id) > (%(after_at)s::timestamptz, %(after_user)s::text)
   AND NOT EXISTS (SELECT FROM quarantine q WHERE q.user_id = u.user_id)
 ORDER BY g.usage_reset_date, u.user_id
 LIMIT %(limit)s

-- name: trials_to_end
-- Rows: user_id, due_at of users whose trial runs and ends by an instant, in order of the end.
-- Uses user_subscriptions_trial.
SELECT u.user_id, s.trial_end_date AS due_at
  FROM user_subscriptions s
  JOIN users u ON u.id = s.user_id
 WHERE s.trial_status = 'active' AND s.trial_end_date <= %(by)s
   AND (s.trial_end_date, u.user_id) > (%(after_at)s::timestamptz, %(after_user)s::text)
   AND NOT EXISTS (SELECT FROM quarantine q WHERE q.user_id = u.user_id)
 ORDER BY s.trial_end_date, u.user_id
 LIMIT %(limit)s
