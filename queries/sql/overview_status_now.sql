-- One row per status: subscription_status, users.
-- Leans on user_subscriptions_status.
SELECT s.subscription_status, count(*) AS users
  FROM user_subscriptions s
 GROUP BY s.subscription_status
