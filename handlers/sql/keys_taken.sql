-- Rows: those of these idempotency keys that events of Tenure already have.
-- Leans on events_idempotency.
SELECT e.idempotency_key
  FROM unnest(%(parts)s::smallint[], %(keys)s::text[]) AS wanted (part, key)
  JOIN events e ON e.part = wanted.part AND e.source_system = 'tenure' AND e.idempotency_key = wanted.key AND e.livemode
