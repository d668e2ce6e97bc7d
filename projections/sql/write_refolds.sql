-- No rows; notes from where on users' histories are still to be folded again; null when nowhere. The users are locked already.
-- Leans on the primary key of projection_states.
UPDATE projection_states AS s
   SET refold_after = v.refold_after, refold_until = v.refold_until
  FROM unnest(%(users)s::text[], %(after)s::bigint[], %(until)s::bigint[]) AS v (user_id, refold_after, refold_until)
 WHERE s.user_id = v.user_id
