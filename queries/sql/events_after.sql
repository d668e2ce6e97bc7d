-- Rows: the next events of each part after a head vector, in position order; the body only when it is wanted.
-- Leans on the primary key of events.
SELECT e.part, e.position, e.id, e.source_system, e.idempotency_key, e.livemode, e.aggregate_type, e.aggregate_id,
       e.event_type, e.event_version, e.correlation_id, e.causation_id, e.occurred_at, e.recorded_at,
       CASE WHEN %(bodies)s THEN e.event_data::text END AS event_data
  FROM unnest(%(positions)s::bigint[]) WITH ORDINALITY AS followed (position, ordinal)
  JOIN part_heads h ON h.part = followed.ordinal - 1 AND h.head > followed.position
 CROSS JOIN LATERAL (
        SELECT * FROM events f
         WHERE f.part = h.part AND f.position > followed.position
         ORDER BY f.position LIMIT %(limit)s
       ) AS e
 ORDER BY e.recorded_at, e.part, e.position
