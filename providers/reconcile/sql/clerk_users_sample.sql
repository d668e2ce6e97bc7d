-- Rows: some users known from Clerk who are not deleted, anywhere in the table; total, how many there are.
-- Leans on users_user_id and user_system_data_user; reads both.
SELECT u.user_id, count(*) OVER () AS total
  FROM users u JOIN user_system_data s ON s.user_id = u.id
 WHERE u.deleted_at IS NULL AND s.signup_timestamp IS NOT NULL AND starts_with(u.user_id, 'user_')
 ORDER BY md5(u.user_id)
 LIMIT %(limit)s
