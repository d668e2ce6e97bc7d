-- No rows; the rows of a user are to be written again, whatever they say now.
-- Leans on the primary key of projection_states.
UPDATE projection_states SET catalog_digest = '' WHERE user_id = %(user_id)s
