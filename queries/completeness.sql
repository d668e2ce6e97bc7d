-- name: completeness_gaps
-- One row per source: time of its last webhook, the 99th percentile of the gaps between two, and their number.
-- Uses events_recorded.
SELECT came.source, max(came.recorded_at) AS last_at, count(came.gap_s) AS gaps,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY came.gap_s) AS usual_s
  FROM (
        SELECT e.source_system AS source, e.recorded_at,
               extract(epoch FROM e.recorded_at - lag(e.recorded_at)
                       OVER (PARTITION BY e.source_system ORDER BY e.recorded_at))::float8 AS gap_s
          FROM events e
         WHERE e.recorded_at >= %(since)s AND e.source_system IN ('stripe', 'clerk')
           AND e.metadata ->> 'received_by' = 'webhook'
       ) AS came
 GROUP BY 1

-- name: completeness_hours
-- One row per source and hour with any event: received, caught_up, healed (by when it occurred),
-- conflicts (by arrival), failures and refusals (deliveries not stored), last_failure_at (of the failures).
-- Uses events_occurred and the primary key of delivery_counts; event_conflicts is small or an alarm.
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
               max(d.minute) FILTER (WHERE d.outcome IN ('closed', 'unavailable', 'failed', 'unreadable', 'too_large'))
          FROM delivery_counts d
         WHERE d.minute >= %(since)s AND d.minute < %(until)s AND d.source IN ('stripe', 'clerk')
         GROUP BY 1, 2
       ) AS counts
 GROUP BY 1, 2
 ORDER BY 1, 2

-- name: completeness_recent
-- One row per source: deliveries by outcome since then.
-- Uses the primary key of delivery_counts.
SELECT d.source, sum(d.deliveries)::bigint AS deliveries,
       coalesce(sum(d.deliveries) FILTER (WHERE d.outcome IN ('closed', 'unavailable', 'failed', 'unreadable', 'too_large')), 0)::bigint AS failures,
       coalesce(sum(d.deliveries) FILTER (WHERE d.outcome = 'refused'), 0)::bigint AS refusals
  FROM delivery_counts d
 WHERE d.minute >= %(since)s AND d.source IN ('stripe', 'clerk')
 GROUP BY 1

-- name: completeness_windows
-- One row per source in the log or ever reconciled: when a reconciliation was last complete.
-- Uses the handful of rows of reconcile_cursors, and on events_type for whether a source has events.
SELECT known.source, max(c.finished_at) AS finished_at,
       EXISTS (SELECT FROM events e WHERE e.event_type >= known.source || '.' AND e.event_type < known.source || '/') AS has_events
  FROM (VALUES ('stripe'), ('clerk')) AS known (source)
  LEFT JOIN reconcile_cursors c
    ON split_part(c.scope, ':', 1) = known.source AND c.scope NOT LIKE '%%:objects'
 GROUP BY 1
 ORDER BY 1

-- name: refused_runs
-- Rows: source, message and since of every reconciliation that a brake stopped and none has completed since.
-- Uses the handful of rows of reconcile_cursors.
SELECT split_part(c.scope, ':', 1) AS source, c.result ->> 'message' AS message, c.updated_at AS since
  FROM reconcile_cursors c
 WHERE c.scope LIKE '%%:refused'
 ORDER BY c.scope
