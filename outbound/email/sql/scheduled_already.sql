-- Rows: those of the idempotency keys that are in the log.
-- Leans on events_idempotency.
SELECT e.idempotency_key
  FROM unnest(%(parts)s::smallint[], %(keys)s::text[]) AS wanted (part, idempotency_key)
  JOIN events e ON e.part = wanted.part AND e.source_system = 'tenure'
   AND e.idempotency_key = wanted.idempotency_key AND e.livemode
