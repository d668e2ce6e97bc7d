-- One row per kind of odd user that `tenure user why` explains: name, users (at most 1000), example (one user id).
-- Reads users and user_subscriptions once per kind; user_subscriptions_status for the period that is over.
SELECT name, count(*) AS users, min(user_id) AS example
  FROM (
    (SELECT 'overdue' AS name, u.user_id
       FROM user_subscriptions s JOIN users u ON u.id = s.user_id
      WHERE s.subscription_status = ANY (%(renewing)s::text[])
        AND coalesce(s.subscription_renewal_date, s.subscription_cancel_date) < %(overdue_before)s::timestamptz
      LIMIT 1000)
    UNION ALL
    (SELECT 'unmentioned', u.user_id
       FROM users u JOIN user_system_data y ON y.user_id = u.id
      WHERE y.signup_timestamp IS NULL AND u.email IS NULL AND u.full_name IS NULL AND u.deleted_at IS NULL
      LIMIT 1000)
    UNION ALL
    (SELECT 'unknown_status', u.user_id
       FROM user_subscriptions s JOIN users u ON u.id = s.user_id
      WHERE s.subscription_status <> ALL (%(statuses)s::text[])
      LIMIT 1000)
  ) AS odd (name, user_id)
 GROUP BY name
