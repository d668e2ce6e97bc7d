-- One row per source in the log or ever reconciled: when a reconciliation was last complete.
-- Leans on the handful of rows of reconcile_cursors, and on events_type for whether a source has events.
SELECT known.source, max(c.finished_at) AS finished_at,
       EXISTS (SELECT FROM events e WHERE e.event_type >= known.source || '.' AND e.event_type < known.source || '/') AS has_events
  FROM (VALUES ('stripe'), ('clerk')) AS known (source)
  LEFT JOIN reconcile_cursors c
    ON split_part(c.scope, ':', 1) = known.source AND c.scope NOT LIKE '%%:objects'
 GROUP BY 1
 ORDER BY 1
