-- Rows: the last instant after which one of these streams has that many events up to another; null when none has.
-- Leans on events_history.
SELECT max(reached.occurred_at)
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
 CROSS JOIN LATERAL (
       SELECT e.occurred_at
         FROM events e
        WHERE e.part = wanted.part AND e.route_key = wanted.route_key AND e.occurred_at <= %(until)s
        ORDER BY e.occurred_at DESC
       OFFSET %(count)s LIMIT 1) AS reached
