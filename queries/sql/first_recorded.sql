-- One row: when the first event of any of these routes was recorded; null when there is none.
-- Leans on the index events_stream, once per route.
SELECT min(first.recorded_at) AS recorded_at
  FROM unnest(%(parts)s::integer[], %(routes)s::text[]) AS route(part, key)
 CROSS JOIN LATERAL (
       SELECT e.recorded_at
         FROM events e
        WHERE e.part = route.part AND e.route_key = route.key
        ORDER BY e.position
        LIMIT 1) first
