-- name: append_event
-- One row: outcome, event_id, event_position, event_recorded_at.
-- Uses events_idempotency and the primary key of part_heads.
SELECT outcome, event_id, event_position, event_recorded_at
  FROM append_event(%(part)s::smallint, %(id)s::uuid, %(source_system)s::text, %(idempotency_key)s::text,
                    %(livemode)s::boolean, %(route_key)s::text, %(aggregate_type)s::text, %(aggregate_id)s::text,
                    %(event_type)s::text, %(event_version)s::integer, %(event_data)s::json, %(metadata)s::jsonb,
                    %(correlation_id)s::text, %(causation_id)s::text, %(occurred_at)s::timestamptz,
                    %(payload_salt)s::bytea, %(payload_digest)s::bytea)

-- name: append_events
-- One row for each event, in no order: nth (its place in the list, from 1), outcome, event_id, event_position, event_recorded_at.
-- Heads are locked in part order. Uses events_idempotency and the primary key of part_heads.
SELECT e.nth, a.outcome, a.event_id, a.event_position, a.event_recorded_at
  FROM (SELECT *
          FROM json_to_recordset(%(events)s::json) AS given (
               nth integer, part smallint, id uuid, source_system text, idempotency_key text, livemode boolean,
               route_key text, aggregate_type text, aggregate_id text, event_type text, event_version integer,
               event_data text, metadata text, correlation_id text, causation_id text, occurred_at timestamptz,
               payload_salt text, payload_digest text)
         ORDER BY part, nth) AS e
 CROSS JOIN LATERAL append_event(
       e.part, e.id, e.source_system, e.idempotency_key, e.livemode, e.route_key, e.aggregate_type, e.aggregate_id,
       e.event_type, e.event_version, e.event_data::json, e.metadata::jsonb, e.correlation_id, e.causation_id,
       e.occurred_at, decode(e.payload_salt, 'hex'), decode(e.payload_digest, 'hex')) AS a

-- name: append_events_promptly
-- One row for each event, in no order: nth (its place in the list, from 1), outcome, event_id, event_position, event_recorded_at.
-- Fails with lock_not_available when another transaction locks a head for longer than a quarter of a second.
-- Uses events_idempotency and the primary key of part_heads.
SELECT nth, outcome, event_id, event_position, event_recorded_at
  FROM append_events_promptly(%(events)s::json)

-- name: keep_unreadable
-- One row: outcome (appended or duplicate), delivery_id.
-- Uses unreadable_once.
SELECT outcome, delivery_id
  FROM keep_unreadable(%(id)s::uuid, %(source_system)s::text, %(body)s::bytea, %(reason)s::text, %(metadata)s::jsonb)
