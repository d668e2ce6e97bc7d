-- Rows: idempotency_key, id, metadata of our own events under these keys.
-- Leans on events_idempotency.
SELECT idempotency_key, id, metadata
  FROM events
 WHERE part = %(part)s AND source_system = 'tenure' AND idempotency_key = ANY (%(keys)s::text[]) AND livemode
