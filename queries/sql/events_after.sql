-- Rows: the next events of each part after a head vector, in position order, without their bodies.
-- Leans on the primary key of events.
SELECT e.part, e.position, e.id, e.source_system, e.idempotency_key, e.livemode, e.aggregate_type, e.aggregate_id,
       e.event_type, e.event_version, e.correlation_id, e.causation_id, e.occurred_at, e.recorded_at
  FROM unnest(%(positions)s::bigint[]) WITH ORDINALITY AS followed (position, ordinal)
  JOIN part_heads h ON h.part = followed.ordinal - 1 AND h.head > followed.position
 CROSS JOIN LATERAL (
        SELECT f.* FROM events f
         WHERE f.part = h.part AND f.position > followed.position
         ORDER BY f.position LIMIT %(limit)s
       ) AS e
 ORDER BY e.recorded_at, e.part, e.position
