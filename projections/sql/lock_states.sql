-- Rows: user_id, state, catalog_digest, refold_after, refold_until; locked in id order.
-- Leans on the primary key of projection_states.
SELECT user_id, state::text, catalog_digest, refold_after, refold_until
  FROM projection_states
 WHERE user_id = ANY (%(users)s::text[])
 ORDER BY user_id
   FOR UPDATE
