-- name: conflicts_among
-- One row per event with second bodies: event id, conflicts.
-- Uses the primary key of event_conflicts.
SELECT e.id, count(*) AS conflicts
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS wanted (part, position)
  JOIN events e USING (part, position)
  JOIN event_conflicts c USING (part, position)
 GROUP BY e.id

-- name: event_flow
-- Rows: events of the same stream that belong to the same flow, or that the event caused or was caused by.
-- Uses events_stream.
SELECT e.id, e.position, e.event_type, e.source_system, e.occurred_at, e.recorded_at, e.correlation_id, e.causation_id
  FROM events e
 WHERE e.part = %(part)s::smallint AND e.route_key = %(route_key)s::text
   AND e.position <> %(position)s::bigint
   AND (e.correlation_id = %(correlation_id)s::text OR e.causation_id = ANY(%(names)s::text[])
        OR e.id::text = %(causation_id)s::text OR e.idempotency_key = %(causation_id)s::text)
 ORDER BY e.position
 LIMIT %(limit)s::integer

-- name: event_neighbours
-- Rows: the events around one in its stream, in position order; `overtook` as in events_overtaken.
-- Uses events_stream.
(SELECT e.id, e.position, e.event_type, e.source_system, e.occurred_at, e.recorded_at, e.correlation_id, e.causation_id
   FROM events e
  WHERE e.part = %(part)s::smallint AND e.route_key = %(route_key)s::text AND e.position <= %(position)s::bigint
  ORDER BY e.position DESC
  LIMIT %(limit)s::integer + 1)
UNION ALL
(SELECT e.id, e.position, e.event_type, e.source_system, e.occurred_at, e.recorded_at, e.correlation_id, e.causation_id
   FROM events e
  WHERE e.part = %(part)s::smallint AND e.route_key = %(route_key)s::text AND e.position > %(position)s::bigint
  ORDER BY e.position
  LIMIT %(limit)s::integer)
ORDER BY position

-- name: events_overtaken
-- One row per event recorded after an event that occurred later: id, overtaken_by. Looks at the events of its stream just
-- before it. Uses the primary key of events and on events_stream.
SELECT e.id, later.id AS overtaken_by
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS wanted (part, position)
  JOIN events e USING (part, position)
 CROSS JOIN LATERAL (
       SELECT near.id, near.occurred_at
         FROM (SELECT b.id, b.occurred_at
                 FROM events b
                WHERE b.part = e.part AND b.route_key = e.route_key AND b.position < e.position
                ORDER BY b.position DESC
                LIMIT 100) near
        WHERE near.occurred_at > e.occurred_at
        ORDER BY near.occurred_at DESC
        LIMIT 1) later
