-- No rows; notes from where on users' histories are still to be folded again; null when nowhere. The users are locked already.
-- Leans on the primary key of projection_states.
UPDATE projection_states AS s
   SET refold_after = v.refold_after, refold_until = v.refold_until,
       refold_since = CASE WHEN v.refold_after IS NULL THEN NULL WHEN v.anew THEN clock_timestamp()
                           ELSE coalesce(s.refold_since, clock_timestamp()) END
  FROM unnest(%(users)s::text[], %(after)s::bigint[], %(until)s::bigint[], %(anew)s::boolean[])
       AS v (user_id, refold_after, refold_until, anew)
 WHERE s.user_id = v.user_id
