-- name: append_events
-- One row for each event, in the order of the arrays: outcome, event_id, event_position, event_recorded_at. Without
-- `wait`, all are null for an event whose head another transaction locks.
-- Uses events_idempotency and the primary key of part_heads.
SELECT outcome, event_id, event_position, event_recorded_at
  FROM append_events(
            %(part)b::smallint[], %(id)b::uuid[], %(source_system)b::text[], %(idempotency_key)b::text[],
            %(livemode)b::boolean[], %(route_key)b::text[], %(aggregate_type)b::text[],
            %(aggregate_id)b::text[], %(event_type)b::text[], %(event_version)b::integer[],
            %(event_data)b::text[], %(metadata)b::text[], %(correlation_id)b::text[], %(causation_id)b::text[],
            %(occurred_at)b::timestamptz[], %(payload_salt)b::bytea[], %(payload_digest)b::bytea[],
            %(wait)s::boolean)
 ORDER BY nth

-- name: keep_unreadable
-- One row: outcome (appended or duplicate), delivery_id.
-- Uses unreadable_once.
SELECT outcome, delivery_id
  FROM keep_unreadable(%(id)s::uuid, %(source_system)s::text, %(body)s::bytea, %(reason)s::text, %(metadata)s::jsonb)
