-- Condition on profile: one Clerk id.
-- Leans on users_user_id.
u.user_id = %(user_id)s::text
