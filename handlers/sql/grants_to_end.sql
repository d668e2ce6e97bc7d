-- Rows: user_id, due_at of users with a granted plan that ends by an instant, in order of recording.
-- Leans on events_type; operators grant plans by hand, so there are few.
SELECT e.route_key AS user_id, (e.event_data ->> 'until')::timestamptz AS due_at, e.recorded_at, e.id
  FROM events e
 WHERE e.event_type = 'entitlement.granted' AND e.source_system = 'tenure' AND e.event_data ->> 'until' IS NOT NULL
   AND (e.event_data ->> 'until')::timestamptz <= %(by)s
   AND (e.recorded_at, e.id) > (%(after_at)s::timestamptz, %(after_id)s::uuid)
   AND NOT EXISTS (SELECT FROM quarantine q WHERE q.user_id = e.route_key)
 ORDER BY e.recorded_at, e.id
 LIMIT %(limit)s
