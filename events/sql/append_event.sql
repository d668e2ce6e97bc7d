-- One row: outcome, event_id, event_position, event_recorded_at.
-- Leans on events_idempotency and the primary key of part_heads.
SELECT outcome, event_id, event_position, event_recorded_at
  FROM append_event(%(part)s::smallint, %(id)s::uuid, %(source_system)s::text, %(idempotency_key)s::text,
                    %(livemode)s::boolean, %(route_key)s::text, %(aggregate_type)s::text, %(aggregate_id)s::text,
                    %(event_type)s::text, %(event_version)s::integer, %(event_data)s::json, %(metadata)s::jsonb,
                    %(correlation_id)s::text, %(causation_id)s::text, %(occurred_at)s::timestamptz,
                    %(payload_salt)s::bytea, %(payload_digest)s::bytea)
