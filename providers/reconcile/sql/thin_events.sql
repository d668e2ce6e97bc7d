-- Rows: thin events stored since then, and whether the v1 event they name is in the log as well.
-- Leans on events_recorded and, for the twin, events_idempotency in each part.
SELECT e.id, e.recorded_at, e.metadata -> 'related_object' ->> 'type' AS kind,
       e.metadata -> 'related_object' ->> 'url' AS url, e.metadata ->> 'snapshot_event' AS twin,
       EXISTS (SELECT FROM unnest(%(parts)s::smallint[]) AS p (part)
                JOIN events t ON t.part = p.part AND t.source_system = 'stripe'
                 AND t.idempotency_key = %(owner)s || (e.metadata ->> 'snapshot_event')
                 AND t.livemode = e.livemode) AS has_twin
  FROM events e
 WHERE e.recorded_at > %(since)s AND e.source_system = 'stripe' AND e.livemode = %(livemode)s
   AND (e.event_type LIKE 'stripe.v1.%%' OR e.event_type LIKE 'stripe.v2.%%')
   AND starts_with(e.idempotency_key, %(owner)s)
 ORDER BY e.recorded_at
 LIMIT %(limit)s
