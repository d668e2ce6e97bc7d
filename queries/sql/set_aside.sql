-- The one delivery of that id that is kept beside the log, body included: a conflict or an unreadable body.
-- Leans on nothing: there are few of either.
SELECT 'conflict' AS kind, c.id, c.source_system, c.idempotency_key, c.event_type, NULL AS reason, e.id AS event_id,
       c.recorded_at, encode(c.body_digest, 'hex') AS body_digest, c.metadata, convert_to(c.event_data::text, 'UTF8') AS body
  FROM event_conflicts c
  JOIN events e USING (part, position)
 WHERE c.id = %(id)s::uuid
UNION ALL
SELECT 'unreadable', u.id, u.source_system, NULL, NULL, u.reason, NULL,
       u.recorded_at, encode(u.body_digest, 'hex'), u.metadata, u.body
  FROM unreadable_deliveries u
 WHERE u.id = %(id)s::uuid
