-- One row per status: subscription_status, users, without the given users.
-- Leans on users_user_id and user_subscriptions_user.
SELECT s.subscription_status, count(*) AS users
  FROM user_subscriptions s
  JOIN users u ON u.id = s.user_id
 WHERE NOT u.user_id = ANY(%(without)s::text[])
 GROUP BY s.subscription_status
