-- name: reasons
-- Rows: recent events that are a reason for mail, projected already, each with its user.
-- Uses events_type, and on the primary keys of customer_links and projection_checkpoints.
SELECT e.event_type, e.occurred_at, u.user_id, e.id,
       CASE WHEN e.source_system <> 'clerk' THEN e.event_data::text END AS payload
  FROM events e
  JOIN projection_checkpoints c ON c.part = e.part AND e.position <= c.position
  LEFT JOIN customer_links l ON e.source_system = 'stripe' AND l.customer_id = e.route_key
  JOIN users u ON u.user_id = CASE WHEN e.source_system = 'stripe' THEN l.user_id ELSE e.route_key END
  JOIN user_system_data d ON d.user_id = u.id
 WHERE e.event_type = ANY (%(types)s::text[])
   AND e.recorded_at > %(since)s::timestamptz AND e.occurred_at > %(since)s::timestamptz
   AND (e.livemode OR NOT %(live_only)s::boolean)
   AND e.event_data IS NOT NULL
   AND u.deleted_at IS NULL
   AND NOT (e.event_type = 'clerk.user.created' AND d.email_schedule_status ? 'welcome')
 ORDER BY e.recorded_at, e.part, e.position

-- name: scheduled_already
-- Rows: those of the idempotency keys that are in the log.
-- Uses events_idempotency.
SELECT e.idempotency_key
  FROM unnest(%(parts)s::smallint[], %(keys)s::text[]) AS wanted (part, idempotency_key)
  JOIN events e ON e.part = wanted.part AND e.source_system = 'tenure'
   AND e.idempotency_key = wanted.idempotency_key AND e.livemode
