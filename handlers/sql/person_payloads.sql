-- Rows: event_data of every event of some streams that has one, erasures aside.
-- Leans on events_stream.
SELECT e.event_data::text
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key
 WHERE e.event_type <> 'privacy.erased' AND e.event_data IS NOT NULL
