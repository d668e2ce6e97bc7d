-- One row per unreadable delivery, the newest first, without its body.
-- Leans on nothing: there are few.
SELECT u.id, u.source_system, u.reason, u.recorded_at, octet_length(u.body) AS bytes,
       encode(u.body_digest, 'hex') AS body_digest, u.metadata
  FROM unreadable_deliveries u
 ORDER BY u.recorded_at DESC
 LIMIT %(limit)s::integer
