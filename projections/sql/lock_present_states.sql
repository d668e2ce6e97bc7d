-- Rows: user_id, state, catalog_digest of known users, locked in id order; if strict, none while their part has more to project.
-- Leans on the primary key of projection_states.
SELECT s.user_id, s.state::text, s.catalog_digest
  FROM projection_states s
 WHERE s.user_id = ANY (%(users)s::text[]) AND s.state IS NOT NULL
   AND (NOT %(strict)s OR NOT EXISTS (
       SELECT FROM part_heads h JOIN projection_checkpoints c ON c.part = h.part
        WHERE h.part = %(part)s AND h.head > c.position))
 ORDER BY s.user_id
   FOR UPDATE OF s
