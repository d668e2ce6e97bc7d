-- Rows: one if an event of these streams happened up to an instant and was recorded after another.
-- Leans on events_history.
SELECT 1
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
 CROSS JOIN LATERAL (
       SELECT 1 FROM events e
        WHERE e.part = wanted.part AND e.route_key = wanted.route_key
          AND e.occurred_at <= %(until)s AND e.recorded_at > %(known_at)s
        LIMIT 1) AS unknown
 LIMIT 1
