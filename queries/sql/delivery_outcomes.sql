-- One row per bucket and outcome: bucket, outcome, deliveries.
-- Leans on the primary key of delivery_counts.
SELECT date_bin(%(width)s::interval, d.minute, %(since)s::timestamptz) AS bucket,
       d.outcome, sum(d.deliveries)::bigint AS deliveries
  FROM delivery_counts d
 WHERE d.minute >= %(since)s::timestamptz AND d.minute < %(until)s::timestamptz
 GROUP BY 1, 2
