-- Rows: user_id, state, catalog_digest, refold_after, refold_until of known users, locked; rows that another transaction locks are skipped.
-- Leans on the primary key of projection_states.
SELECT s.user_id, s.state::text, s.catalog_digest, s.refold_after, s.refold_until
  FROM projection_states s
 WHERE s.user_id = ANY (%(users)s::text[]) AND s.state IS NOT NULL
 ORDER BY s.user_id
   FOR UPDATE OF s SKIP LOCKED
