-- Rows: user_id of users whose history is to be folded again, locked; whom another transaction holds is left out.
-- Leans on projection_states_refold.
SELECT user_id
  FROM projection_states
 WHERE refold_after IS NOT NULL
 LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED
