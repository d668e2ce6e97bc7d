-- One row per conflict, the newest first: the second body under a key, and the event that has the key.
-- Leans on the primary keys of both tables.
SELECT c.id, c.part, c.position, c.source_system, c.idempotency_key, c.event_type, c.recorded_at,
       encode(c.body_digest, 'hex') AS body_digest, c.event_data IS NULL AS erased,
       e.id AS event_id, e.route_key, e.recorded_at AS first_recorded_at
  FROM event_conflicts c
  JOIN events e USING (part, position)
 ORDER BY c.recorded_at DESC
 LIMIT %(limit)s::integer
