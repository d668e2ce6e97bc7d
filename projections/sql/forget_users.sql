-- No rows; removes users of whom no event speaks any more (their only customer went to somebody else).
-- Leans on users_user_id; the other tables follow by cascade.
WITH gone AS (DELETE FROM users WHERE user_id = ANY (%(users)s::text[])),
     healed AS (DELETE FROM quarantine WHERE user_id = ANY (%(users)s::text[]))
DELETE FROM projection_states WHERE user_id = ANY (%(users)s::text[])
