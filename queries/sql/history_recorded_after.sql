-- Rows: recording time of the first-recorded event of these streams that occurred after an instant.
-- Leans on events_history, and on events being recorded in position order: only one row of each stream is read.
SELECT (extract(epoch FROM min(e.recorded_at)) * 1000000)::bigint
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
 CROSS JOIN LATERAL (
       SELECT min(later.position + 0) AS position
         FROM events later
        WHERE later.part = wanted.part AND later.route_key = wanted.route_key
          AND later.occurred_at > %(since)s AND later.occurred_at <= %(until)s
          AND (later.livemode OR NOT %(live_only)s)) AS earliest
  JOIN events e ON e.part = wanted.part AND e.position = earliest.position
