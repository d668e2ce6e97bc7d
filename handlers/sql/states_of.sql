-- Rows: user_id, state of some users as projected; nothing is locked.
-- Leans on the primary key of projection_states.
SELECT user_id, state::text AS state
  FROM projection_states
 WHERE user_id = ANY (%(users)s::text[]) AND state IS NOT NULL
