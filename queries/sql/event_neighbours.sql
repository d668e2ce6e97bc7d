-- Rows: the events around one in its stream, in position order; `overtook` as in events_overtaken.
-- Leans on events_stream.
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
