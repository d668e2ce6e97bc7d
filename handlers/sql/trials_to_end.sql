-- Rows: user_id, due_at of users whose trial runs and ends by an instant, in order of the end.
-- Leans on user_subscriptions_trial.
SELECT u.user_id, s.trial_end_date AS due_at
  FROM user_subscriptions s
  JOIN users u ON u.id = s.user_id
 WHERE s.trial_status = 'active' AND s.trial_end_date <= %(by)s
   AND (s.trial_end_date, u.user_id) > (%(after_at)s::timestamptz, %(after_user)s::text)
   AND NOT EXISTS (SELECT FROM quarantine q WHERE q.user_id = u.user_id)
 ORDER BY s.trial_end_date, u.user_id
 LIMIT %(limit)s
