-- Rows: user_id and refold_since of the users who wait longest for their history to be folded again, locked; users whom another
-- transaction locks are skipped.
-- Leans on projection_states_refold_since.
SELECT user_id, refold_since
  FROM projection_states
 WHERE refold_after IS NOT NULL
 ORDER BY refold_since
 LIMIT %(limit)s
   FOR UPDATE SKIP LOCKED
