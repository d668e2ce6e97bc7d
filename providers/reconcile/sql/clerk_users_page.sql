-- Rows: the next users known from Clerk who are not deleted.
-- Leans on users_user_id and user_system_data_user.
SELECT u.user_id
  FROM users u JOIN user_system_data s ON s.user_id = u.id
 WHERE u.user_id > %(after)s AND u.deleted_at IS NULL AND s.signup_timestamp IS NOT NULL
 ORDER BY u.user_id
 LIMIT %(limit)s
