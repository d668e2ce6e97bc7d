-- One row per source: deliveries by outcome since then.
-- Leans on the primary key of delivery_counts.
SELECT d.source, sum(d.deliveries)::bigint AS deliveries,
       coalesce(sum(d.deliveries) FILTER (WHERE d.outcome IN ('closed', 'unavailable', 'failed', 'unreadable', 'too_large')), 0)::bigint AS failures,
       coalesce(sum(d.deliveries) FILTER (WHERE d.outcome = 'refused'), 0)::bigint AS refusals
  FROM delivery_counts d
 WHERE d.minute >= %(since)s AND d.source IN ('stripe', 'clerk')
 GROUP BY 1
