-- One row per stream: route_key, event_data: the newest customer or checkout event with a body, as text.
-- Leans on events_stream.
SELECT DISTINCT ON (e.route_key) e.route_key, e.event_data::text AS event_data
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
  JOIN events e USING (part, route_key)
 WHERE e.event_type = ANY(%(types)s::text[]) AND e.event_data IS NOT NULL
 ORDER BY e.route_key, e.occurred_at DESC, e.position DESC
