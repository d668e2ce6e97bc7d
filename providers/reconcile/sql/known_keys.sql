-- Rows: ordinal of those keys that the log already has.
-- Leans on events_idempotency.
SELECT wanted.ordinal
  FROM unnest(%(parts)s::smallint[], %(sources)s::text[], %(keys)s::text[], %(modes)s::boolean[])
       WITH ORDINALITY AS wanted (part, source_system, idempotency_key, livemode, ordinal)
 WHERE EXISTS (SELECT FROM events e
                WHERE e.part = wanted.part AND e.source_system = wanted.source_system
                  AND e.idempotency_key = wanted.idempotency_key AND e.livemode = wanted.livemode)
