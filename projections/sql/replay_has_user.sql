-- At most one row: the user has been folded.
-- Leans on the primary key of projection_states.
SELECT 1 FROM projection_states WHERE user_id = %(user_id)s
