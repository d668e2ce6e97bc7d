-- name: event_to_send
-- One row or none: the event a delivery is about.
-- Uses the primary key of events.
SELECT e.id, e.source_system, e.idempotency_key, e.livemode, e.aggregate_type, e.aggregate_id, e.event_type,
       e.event_version, e.correlation_id, e.causation_id, e.occurred_at, e.recorded_at, e.part, e.position,
       e.event_data::text AS event_data
  FROM events e WHERE e.part = %(part)s AND e.position = %(position)s

-- name: lock_destination
-- One row or none: a destination that is followed, locked; none when another process follows it now.
-- Uses the primary key of outgoing_destinations.
SELECT * FROM outgoing_destinations WHERE id = %(id)s AND disabled_at IS NULL FOR UPDATE SKIP LOCKED

-- name: move_destination
-- No row. The destination is followed up to this vector.
-- Uses the primary key of outgoing_destinations.
UPDATE outgoing_destinations SET followed_to = %(followed_to)s::bigint[] WHERE id = %(id)s
