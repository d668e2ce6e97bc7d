-- Rows: the first instant by which one of these streams has that many more events; null when none has.
-- Leans on events_history.
SELECT min(reached.occurred_at)
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
 CROSS JOIN LATERAL (
       SELECT e.occurred_at
         FROM events e
        WHERE e.part = wanted.part AND e.route_key = wanted.route_key AND e.occurred_at > %(since)s
        ORDER BY e.occurred_at
       OFFSET %(count)s LIMIT 1) AS reached
