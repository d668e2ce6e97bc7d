-- name: add_delivery_counts
-- No row. Adds to the counts; rows in key order, so two processes never deadlock.
-- Uses the primary key of delivery_counts.
INSERT INTO delivery_counts (minute, source, outcome, deliveries)
SELECT seen.minute, seen.source, seen.outcome, seen.deliveries
  FROM unnest(%(minutes)s::timestamptz[], %(sources)s::text[], %(outcomes)s::text[], %(counts)s::bigint[])
       AS seen (minute, source, outcome, deliveries)
 ORDER BY 1, 2, 3
    ON CONFLICT (minute, source, outcome)
    DO UPDATE SET deliveries = delivery_counts.deliveries + excluded.deliveries

-- name: add_repeated_deliveries
-- No row. Adds to the repeats of each event; rows in key order, so two processes never deadlock.
-- Uses the primary key of repeated_deliveries.
INSERT INTO repeated_deliveries (event_id, times, last_at)
SELECT seen.event_id, seen.times, seen.last_at
  FROM unnest(%(ids)s::uuid[], %(times)s::bigint[], %(last)s::timestamptz[]) AS seen (event_id, times, last_at)
 ORDER BY 1
    ON CONFLICT (event_id)
    DO UPDATE SET times = repeated_deliveries.times + excluded.times,
                  last_at = greatest(repeated_deliveries.last_at, excluded.last_at)

-- name: forget_delivery_counts
-- No row. Deletes counts of minutes before an instant.
-- Uses the primary key of delivery_counts.
DELETE FROM delivery_counts WHERE minute < %(before)s::timestamptz
