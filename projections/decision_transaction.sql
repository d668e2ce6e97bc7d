-- name: lock_checkpoint
-- One row: how far one part is projected; locked, so that no other transaction projects the part meanwhile.
-- Uses the primary key of projection_checkpoints.
SELECT position FROM projection_checkpoints WHERE part = %(part)s FOR UPDATE

-- name: lock_present_states
-- Rows: user_id, state, catalog_digest, refold_after, refold_until of known users, locked in id order; if strict, none while their part has more to project.
-- Uses the primary keys of projection_states, part_heads and projection_checkpoints. The head is read apart: where it
-- is on another node, rows are locked only by a statement that keeps to one.
  WITH reached AS MATERIALIZED (SELECT h.head FROM part_heads h WHERE h.part = %(part)s)
SELECT s.user_id, s.state::text, s.catalog_digest, s.refold_after, s.refold_until
  FROM projection_states s
 WHERE s.user_id = ANY (%(users)s::text[]) AND s.state IS NOT NULL
   AND (NOT %(strict)s OR NOT EXISTS (
       SELECT FROM reached r JOIN projection_checkpoints c ON c.position < r.head WHERE c.part = %(part)s))
 ORDER BY s.user_id
   FOR UPDATE OF s

-- name: read_present
-- Rows, at least one: the head of a part, the digest of the catalog (null before any plan), and of the domain
-- events with one of these keys: idempotency_key, id, metadata.
-- Uses the primary key of part_heads, and on events_idempotency.
SELECT h.head, (SELECT c.digest FROM projection_catalog c), e.idempotency_key, e.id, e.metadata
  FROM part_heads h
  LEFT JOIN events e
    ON e.part = h.part AND e.source_system = 'tenure' AND e.idempotency_key = ANY (%(keys)s::text[]) AND e.livemode
 WHERE h.part = %(part)s
