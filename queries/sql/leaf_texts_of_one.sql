-- At most one row: the 17 sealed fields as texts, then salt and payload (null once erased).
-- Leans on the primary key of events.
SELECT e.part::text, e.position::text, e.id::text, e.source_system, e.idempotency_key, e.livemode::text,
       e.route_key, e.aggregate_type, e.aggregate_id, e.event_type, e.event_version::text, e.metadata::text,
       e.correlation_id, e.causation_id,
       CASE WHEN isfinite(e.occurred_at) THEN (extract(epoch FROM e.occurred_at) * 1000000)::bigint::text
            ELSE e.occurred_at::text END,
       CASE WHEN isfinite(e.recorded_at) THEN (extract(epoch FROM e.recorded_at) * 1000000)::bigint::text
            ELSE e.recorded_at::text END,
       encode(e.payload_digest, 'hex'), e.payload_salt, e.event_data::text
  FROM events e
 WHERE e.part = %(part)s::smallint AND e.position = %(position)s::bigint
