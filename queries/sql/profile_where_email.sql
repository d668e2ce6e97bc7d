-- Condition on profile: an address in any case.
-- Leans on users_email.
lower(u.email) = lower(%(email)s::text)
