-- No rows; marks the rows of a user to be written again.
-- Leans on the primary key of projection_states.
UPDATE projection_states SET catalog_digest = '' WHERE user_id = %(user_id)s
