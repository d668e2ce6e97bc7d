-- One row per source and hour with any event: received, caught_up, healed (by when it occurred),
-- conflicts (by arrival), failures and refusals (deliveries not stored), last_failure_at.
-- Leans on events_occurred and the primary key of delivery_counts; event_conflicts is small or an alarm.
SELECT counts.source, counts.hour,
       coalesce(sum(counts.received), 0)::bigint  AS received,
       coalesce(sum(counts.caught_up), 0)::bigint AS caught_up,
       coalesce(sum(counts.healed), 0)::bigint    AS healed,
       coalesce(sum(counts.conflicts), 0)::bigint AS conflicts,
       coalesce(sum(counts.failures), 0)::bigint  AS failures,
       coalesce(sum(counts.refusals), 0)::bigint  AS refusals,
       max(counts.last_failure_at)                AS last_failure_at
  FROM (
        SELECT e.source_system AS source, date_trunc('hour', e.occurred_at, 'UTC') AS hour,
               count(*) FILTER (WHERE e.metadata ->> 'received_by' = 'webhook') AS received,
               count(*) FILTER (WHERE e.metadata ->> 'received_by' = 'import'
                                  AND e.event_type NOT LIKE 'stripe.snapshot.%%') AS caught_up,
               count(*) FILTER (WHERE e.event_type LIKE 'stripe.snapshot.%%') AS healed,
               0::bigint AS conflicts, 0::bigint AS failures, 0::bigint AS refusals, NULL::timestamptz AS last_failure_at
          FROM events e
         WHERE e.occurred_at >= %(since)s AND e.occurred_at < %(until)s AND e.source_system IN ('stripe', 'clerk')
           AND (e.livemode OR NOT %(live_only)s)
         GROUP BY 1, 2
        UNION ALL
        SELECT c.source_system, date_trunc('hour', c.recorded_at, 'UTC'), 0, 0, 0, count(*), 0, 0, NULL
          FROM event_conflicts c
         WHERE c.recorded_at >= %(since)s AND c.recorded_at < %(until)s AND c.source_system IN ('stripe', 'clerk')
         GROUP BY 1, 2
        UNION ALL
        SELECT d.source, date_trunc('hour', d.minute, 'UTC'), 0, 0, 0, 0,
               sum(d.deliveries) FILTER (WHERE d.outcome IN ('closed', 'unavailable', 'failed', 'unreadable', 'too_large')),
               sum(d.deliveries) FILTER (WHERE d.outcome = 'refused'),
               max(d.minute) FILTER (WHERE d.outcome IN ('closed', 'unavailable', 'failed', 'unreadable', 'too_large', 'refused'))
          FROM delivery_counts d
         WHERE d.minute >= %(since)s AND d.minute < %(until)s AND d.source IN ('stripe', 'clerk')
         GROUP BY 1, 2
       ) AS counts
 GROUP BY 1, 2
 ORDER BY 1, 2
