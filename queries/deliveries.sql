-- name: conflicts
-- One row per conflict, the newest first: the second body under a key, and the event that has the key.
-- Uses the primary keys of both tables.
SELECT c.id, c.part, c.position, c.source_system, c.idempotency_key, c.event_type, c.recorded_at,
       encode(c.body_digest, 'hex') AS body_digest, c.event_data IS NULL AS erased,
       e.id AS event_id, e.route_key, e.recorded_at AS first_recorded_at
  FROM event_conflicts c
  JOIN events e USING (part, position)
 ORDER BY c.recorded_at DESC
 LIMIT %(limit)s::integer

-- name: conflicts_of_event
-- One row per second body under an event's key, the oldest first; the bodies as text.
-- Uses the primary key of event_conflicts.
SELECT c.id, c.recorded_at, encode(c.body_digest, 'hex') AS body_digest, c.event_data::text AS event_data, c.metadata
  FROM event_conflicts c
 WHERE c.part = %(part)s::smallint AND c.position = %(position)s::bigint
 ORDER BY c.recorded_at

-- name: delivery_outcomes
-- One row per bucket and outcome: bucket, outcome, deliveries.
-- Uses the primary key of delivery_counts.
SELECT date_bin(%(width)s::interval, d.minute, %(since)s::timestamptz) AS bucket,
       d.outcome, sum(d.deliveries)::bigint AS deliveries
  FROM delivery_counts d
 WHERE d.minute >= %(since)s::timestamptz AND d.minute < %(until)s::timestamptz
 GROUP BY 1, 2

-- name: repeated_events
-- One row per event that was delivered again, the latest repeat first.
-- Uses repeated_deliveries_last and events_id.
SELECT r.times, r.last_at, e.id AS event_id, e.source_system, e.idempotency_key, e.event_type, e.recorded_at,
       e.route_key
  FROM (SELECT * FROM repeated_deliveries ORDER BY last_at DESC LIMIT %(limit)s::integer) r
  JOIN events e ON e.id = r.event_id
 ORDER BY r.last_at DESC

-- name: repeats_among
-- One row per given event that was delivered again: event_id, times, last_at.
-- Uses the primary key of repeated_deliveries.
SELECT r.event_id, r.times, r.last_at
  FROM repeated_deliveries r
 WHERE r.event_id = ANY(%(ids)s::uuid[])

-- name: set_aside
-- The one delivery of that id that is kept beside the log, body included: a conflict or an unreadable body.
-- Uses no index: there are few of either.
SELECT 'conflict' AS kind, c.id, c.source_system, c.idempotency_key, c.event_type, NULL AS reason, e.id AS event_id,
       c.recorded_at, encode(c.body_digest, 'hex') AS body_digest, c.metadata, convert_to(c.event_data::text, 'UTF8') AS body
  FROM event_conflicts c
  JOIN events e USING (part, position)
 WHERE c.id = %(id)s::uuid
UNION ALL
SELECT 'unreadable', u.id, u.source_system, NULL, NULL, u.reason, NULL,
       u.recorded_at, encode(u.body_digest, 'hex'), u.metadata, u.body
  FROM unreadable_deliveries u
 WHERE u.id = %(id)s::uuid

-- name: unreadable
-- One row per unreadable delivery, the newest first, without its body.
-- Uses no index: there are few.
SELECT u.id, u.source_system, u.reason, u.recorded_at, octet_length(u.body) AS bytes,
       encode(u.body_digest, 'hex') AS body_digest, u.metadata
  FROM unreadable_deliveries u
 ORDER BY u.recorded_at DESC
 LIMIT %(limit)s::integer
