-- No rows; each user's fold.
-- Leans on the primary key of projection_states.
UPDATE projection_states AS s
   SET state = v.state, catalog_digest = %(catalog_digest)s, row_digest = v.row_digest
  FROM json_to_recordset(%(states)s::json) AS v (user_id text, state json, row_digest bytea)
 WHERE s.user_id = v.user_id
