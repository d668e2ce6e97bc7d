-- name: first_events
-- One row per stream of a Stripe customer: route_key, at (microseconds) of its first event up to a position of its part.
-- Uses events_stream.
SELECT e.route_key, (extract(epoch FROM min(e.occurred_at)) * 1000000)::bigint AS at
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(bounds)s::bigint[]) AS wanted (part, route_key, bound)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key AND e.position <= wanted.bound
 WHERE e.source_system = 'stripe' AND e.aggregate_type = 'stripe_customer' AND (e.livemode OR NOT %(live_only)s)
 GROUP BY e.route_key

-- name: read_batch
-- Rows in position order of each part: what a fold needs of the next events. The payload comes only where it is read.
-- Uses the primary key of events.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode,
       CASE WHEN e.source_system = 'tenure' OR e.event_type LIKE ANY (%(read_types)s) THEN e.event_data::text END
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS wanted (part, position)
 CROSS JOIN LATERAL (
       SELECT * FROM events
        WHERE events.part = wanted.part AND events.position > wanted.position
        ORDER BY events.position
        LIMIT %(limit)s) AS e

-- name: read_claims
-- Rows: what a fold needs of the events in some streams that may name the owner of a customer, up to a position of each
-- stream's part: Stripe events that show an object with metadata, and domain events that make a claim.
-- Uses events_stream.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode, e.event_data::text
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(bounds)s::bigint[]) AS wanted (part, route_key, bound)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key AND e.position <= wanted.bound
 WHERE (e.source_system = 'stripe' AND e.event_type LIKE ANY (%(read_types)s))
    OR (e.source_system = 'tenure' AND e.event_type = ANY (%(own_types)s))

-- name: read_deletions
-- Rows: what a fold needs of the events in some users' streams that delete the user or revert deletions, up to a
-- position of each stream's part.
-- Uses events_stream.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode, e.event_data::text
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(bounds)s::bigint[]) AS wanted (part, route_key, bound)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key AND e.position <= wanted.bound
 WHERE e.event_type = ANY (%(types)s)

-- name: read_instant
-- Rows: number of the requested stream, then what a fold needs of its events of one instant, in position order after a position.
-- Uses events_history.
SELECT asked.number, e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode,
       CASE WHEN e.source_system = 'tenure' OR e.event_type LIKE ANY (%(read_types)s) THEN e.event_data::text END
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(bounds)s::bigint[], %(positions)s::bigint[])
       WITH ORDINALITY AS asked (part, route_key, bound, position, number)
 CROSS JOIN LATERAL (
       SELECT * FROM events
        WHERE events.part = asked.part AND events.route_key = asked.route_key AND events.occurred_at = %(at)s
          AND events.position > asked.position AND events.position <= asked.bound
          AND (events.livemode OR NOT %(live_only)s)
        ORDER BY events.position
        LIMIT %(limit)s) AS e

-- name: read_plan_events
-- Rows: at (microseconds), event_type, idempotency_key, payload of every plan event up to a position.
-- Uses events_stream.
SELECT (extract(epoch FROM occurred_at) * 1000000)::bigint, event_type, idempotency_key, event_data::text
  FROM events
 WHERE part = %(part)s AND route_key = %(route_key)s AND position <= %(bound)s AND event_data IS NOT NULL

-- name: read_streams
-- Rows: what a fold needs of every event of some streams, up to a position of each stream's part.
-- Uses events_stream.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode,
       CASE WHEN e.source_system = 'tenure' OR e.event_type LIKE ANY (%(read_types)s) THEN e.event_data::text END
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(bounds)s::bigint[]) AS wanted (part, route_key, bound)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key AND e.position <= wanted.bound

-- name: read_stretches
-- Rows: number of the requested stream, then what a fold needs of its events from an instant on, oldest first, up to a position of its part.
-- Uses events_history.
SELECT asked.number, e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode,
       CASE WHEN e.source_system = 'tenure' OR e.event_type LIKE ANY (%(read_types)s) THEN e.event_data::text END
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(bounds)s::bigint[], %(since)s::timestamptz[], %(limits)s::bigint[],
              %(own)s::boolean[]) WITH ORDINALITY AS asked (part, route_key, bound, since, most, is_own, number)
 CROSS JOIN LATERAL (
       SELECT * FROM events
        WHERE events.part = asked.part AND events.route_key = asked.route_key
          AND events.occurred_at >= asked.since AND events.position <= asked.bound
          AND (events.livemode OR NOT %(live_only)s)
          AND CASE WHEN asked.is_own
                   THEN events.source_system = 'clerk' AND events.aggregate_type = 'user'
                     OR events.source_system = 'tenure' AND events.aggregate_type <> ALL (%(service)s)
                   ELSE events.source_system = 'stripe' AND events.aggregate_type = 'stripe_customer' END
        ORDER BY events.occurred_at
        LIMIT asked.most) AS e
