-- Rows: user_id, email, full_name, created_at of users with one of these addresses, ignoring case.
-- Leans on users_email.
SELECT u.user_id, u.email, u.full_name, u.created_at
  FROM users u
 WHERE lower(u.email) = ANY(%(emails)s::text[])
 ORDER BY u.created_at, u.id
 LIMIT %(limit)s::integer
