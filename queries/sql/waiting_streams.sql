-- One row per stream: route_key, events, last_at, last_type.
-- Leans on events_stream.
SELECT wanted.route_key, count(*) AS events, max(e.occurred_at) AS last_at,
       (array_agg(e.event_type ORDER BY e.occurred_at DESC, e.position DESC))[1] AS last_type
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
  JOIN events e USING (part, route_key)
 GROUP BY wanted.route_key
