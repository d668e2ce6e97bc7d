-- Rows: user_id, state of users whose billing can't be read, at most `limit`.
-- Leans on the primary keys of users and projection_states.
SELECT u.user_id, p.state::text
  FROM user_subscriptions s
  JOIN users u ON u.id = s.user_id
  JOIN projection_states p ON p.user_id = u.user_id
 WHERE s.billing_sync_status = 'error'
 ORDER BY u.user_id
 LIMIT %(limit)s
