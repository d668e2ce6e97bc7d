-- Rows: user_id, plan, status and the three limits of some users, then the three limits of the free plan.
-- Leans on users_user_id, user_subscriptions_user, user_usage_user.
SELECT u.user_id, s.current_plan, s.subscription_status, g.plan_campaigns_limit, g.plan_creators_limit, g.plan_features,
       coalesce(free.campaigns_limit, 0), coalesce(free.creators_limit, 0), coalesce(free.features, '{}')
  FROM users u
  JOIN user_subscriptions s ON s.user_id = u.id
  JOIN user_usage g ON g.user_id = u.id
  LEFT JOIN subscription_plans free ON free.plan_key = 'free'
 WHERE u.user_id = ANY (%(users)s::text[])
