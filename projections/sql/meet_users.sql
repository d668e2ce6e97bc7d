-- No rows; inserts a state for each new user, to be locked. In id order, so that no deadlock arises.
-- Leans on the primary key of projection_states.
INSERT INTO projection_states (user_id)
SELECT met.user_id
  FROM unnest(%(users)s::text[]) AS met (user_id)
 ORDER BY met.user_id
    ON CONFLICT (user_id) DO NOTHING
