-- One row per source: time of its last webhook, the 99th percentile of the gaps between two, and their number.
-- Leans on events_recorded.
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
