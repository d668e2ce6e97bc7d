-- Rows: user_id, due_at of users whose month of usage ends by an instant, in order of the end.
-- Leans on user_usage_reset.
SELECT u.user_id, g.usage_reset_date AS due_at
  FROM user_usage g
  JOIN users u ON u.id = g.user_id
 WHERE g.usage_reset_date <= %(by)s AND u.deleted_at IS NULL
   AND (g.usage_reset_date, u.user_id) > (%(after_at)s::timestamptz, %(after_user)s::text)
   AND NOT EXISTS (SELECT FROM quarantine q WHERE q.user_id = u.user_id)
 ORDER BY g.usage_reset_date, u.user_id
 LIMIT %(limit)s
