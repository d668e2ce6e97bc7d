-- No row. Adds to the repeats of each event; rows in key order, so two processes never deadlock.
-- Leans on the primary key of repeated_deliveries.
INSERT INTO repeated_deliveries (event_id, times, last_at)
SELECT seen.event_id, seen.times, seen.last_at
  FROM unnest(%(ids)s::uuid[], %(times)s::bigint[], %(last)s::timestamptz[]) AS seen (event_id, times, last_at)
 ORDER BY 1
    ON CONFLICT (event_id)
    DO UPDATE SET times = repeated_deliveries.times + excluded.times,
                  last_at = greatest(repeated_deliveries.last_at, excluded.last_at)
