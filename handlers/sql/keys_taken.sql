-- Rows: idempotency_key of those of our own events' keys that are taken.
-- Leans on events_idempotency.
SELECT e.idempotency_key
  FROM unnest(%(parts)s::smallint[], %(keys)s::text[]) AS wanted (part, key)
  JOIN events e ON e.part = wanted.part AND e.source_system = 'tenure' AND e.idempotency_key = wanted.key AND e.livemode
