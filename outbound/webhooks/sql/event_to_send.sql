-- One row or none: the event a delivery is about.
-- Leans on the primary key of events.
SELECT e.id, e.source_system, e.idempotency_key, e.livemode, e.aggregate_type, e.aggregate_id, e.event_type,
       e.event_version, e.correlation_id, e.causation_id, e.occurred_at, e.recorded_at, e.part, e.position,
       e.event_data::text AS event_data
  FROM events e WHERE e.part = %(part)s AND e.position = %(position)s
