-- Rows: id, part, position, route_key, event_type, occurred_at of events of some streams that have a payload.
-- Leans on events_stream.
SELECT e.id, e.part, e.position, e.route_key, e.event_type, e.occurred_at
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key
 WHERE e.event_type <> 'privacy.erased' AND e.event_data IS NOT NULL
 ORDER BY e.occurred_at, e.part, e.position
