-- Rows: user_id, full_name, email, by: users with that id, address, name, customer or subscription, exact matches first.
-- Leans on users_email, user_billing_customer_id, customer_links and the key of users; a part of a name reads the table.
SELECT DISTINCT ON (u.id) u.user_id, u.full_name, u.email,
       CASE WHEN u.user_id = %(text)s::text THEN 'id'
            WHEN lower(u.email) = lower(%(text)s::text) THEN 'e-mail address'
            WHEN b.stripe_subscription_id = %(text)s::text THEN 'subscription'
            WHEN l.customer_id = %(text)s::text OR b.stripe_customer_id = %(text)s::text THEN 'customer'
            ELSE 'name or address' END AS by
  FROM users u
  JOIN user_billing b ON b.user_id = u.id
  LEFT JOIN customer_links l ON l.user_id = u.user_id AND l.customer_id = %(text)s::text
 WHERE u.user_id = %(text)s::text
    OR l.customer_id IS NOT NULL
    OR b.stripe_customer_id = %(text)s::text
    OR b.stripe_subscription_id = %(text)s::text
    OR strpos(lower(u.full_name), lower(%(text)s::text)) > 0
    OR strpos(lower(u.email), lower(%(text)s::text)) > 0
 ORDER BY u.id
 LIMIT %(limit)s::integer
