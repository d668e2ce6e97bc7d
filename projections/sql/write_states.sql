-- No rows; each user's fold.
-- Leans on the primary key of projection_states.
UPDATE projection_states AS s
   SET state = v.state::json, catalog_digest = %(catalog_digest)s, row_digest = v.row_digest
  FROM unnest(%(users)s::text[], %(states)s::text[], %(digests)s::bytea[]) AS v (user_id, state, row_digest)
 WHERE s.user_id = v.user_id
