-- No row. Adds to the counts; rows in key order, so two processes never deadlock.
-- Leans on the primary key of delivery_counts.
INSERT INTO delivery_counts (minute, source, outcome, deliveries)
SELECT seen.minute, seen.source, seen.outcome, seen.deliveries
  FROM unnest(%(minutes)s::timestamptz[], %(sources)s::text[], %(outcomes)s::text[], %(counts)s::bigint[])
       AS seen (minute, source, outcome, deliveries)
 ORDER BY 1, 2, 3
    ON CONFLICT (minute, source, outcome)
    DO UPDATE SET deliveries = delivery_counts.deliveries + excluded.deliveries
