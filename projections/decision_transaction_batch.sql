-- name: lock_free_checkpoints
-- Rows: part, position; how far some parts are projected; locked, without parts that another transaction locks.
-- Uses the primary key of projection_checkpoints.
SELECT part, position
  FROM projection_checkpoints
 WHERE part = ANY (%(parts)s::smallint[])
 ORDER BY part
   FOR UPDATE SKIP LOCKED

-- name: lock_free_states
-- Rows: user_id, state, catalog_digest, refold_after, refold_until of known users, locked; rows that another transaction locks are skipped.
-- Uses the primary key of projection_states.
SELECT s.user_id, s.state::text, s.catalog_digest, s.refold_after, s.refold_until
  FROM projection_states s
 WHERE s.user_id = ANY (%(users)s::text[]) AND s.state IS NOT NULL
 ORDER BY s.user_id
   FOR UPDATE OF s SKIP LOCKED

-- name: read_present_of
-- Rows, one for each of these parts: part, its head, the digest of the catalog (null before any plan), and of the domain
-- event with this key in it: idempotency_key, id, metadata.
-- Uses the primary key of part_heads, and on events_idempotency: LIMIT keeps it from being read by part alone.
SELECT h.part, h.head, (SELECT c.digest FROM projection_catalog c), prior.idempotency_key, prior.id, prior.metadata
  FROM unnest(%(parts)s::smallint[], %(keys)s::text[]) AS asked (part, key)
  JOIN part_heads h ON h.part = asked.part
  LEFT JOIN LATERAL (
       SELECT e.idempotency_key, e.id, e.metadata
         FROM events e
        WHERE e.part = asked.part AND e.source_system = 'tenure' AND e.idempotency_key = asked.key AND e.livemode
        LIMIT 1) AS prior ON true
