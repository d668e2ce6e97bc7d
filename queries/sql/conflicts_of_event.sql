-- One row per second body under an event's key, the oldest first; the bodies as text.
-- Leans on the primary key of event_conflicts.
SELECT c.id, c.recorded_at, encode(c.body_digest, 'hex') AS body_digest, c.event_data::text AS event_data, c.metadata
  FROM event_conflicts c
 WHERE c.part = %(part)s::smallint AND c.position = %(position)s::bigint
 ORDER BY c.recorded_at
