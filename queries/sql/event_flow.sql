-- Rows: events of the same stream that belong to the same flow, or that the event caused or was caused by.
-- Leans on events_stream.
SELECT e.id, e.position, e.event_type, e.source_system, e.occurred_at, e.recorded_at, e.correlation_id, e.causation_id
  FROM events e
 WHERE e.part = %(part)s::smallint AND e.route_key = %(route_key)s::text
   AND e.position <> %(position)s::bigint
   AND (e.correlation_id = %(correlation_id)s::text OR e.causation_id = ANY(%(names)s::text[])
        OR e.id::text = %(causation_id)s::text OR e.idempotency_key = %(causation_id)s::text)
 ORDER BY e.position
 LIMIT %(limit)s::integer
