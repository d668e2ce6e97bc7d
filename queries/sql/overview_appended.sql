-- One row per bucket and source: bucket, source, events stored.
-- Leans on events_recorded.
SELECT date_bin(%(width)s::interval, e.recorded_at, %(since)s::timestamptz) AS bucket,
       e.source_system AS source, count(*) AS events
  FROM events e
 WHERE e.recorded_at >= %(since)s::timestamptz AND e.recorded_at < %(until)s::timestamptz
 GROUP BY 1, 2
