-- Rows: the customers of these that have a user, and a customer of the account of each user shown as stale.
-- Leans on the primary key of customer_links and on customer_links_user; reads user_subscriptions once.
SELECT l.customer_id, l.user_id
  FROM customer_links l
 WHERE l.customer_id = ANY (%(customers)s::text[]) AND l.user_id IS NOT NULL
UNION
SELECT l.customer_id, l.user_id
  FROM user_subscriptions s
  JOIN users u ON u.id = s.user_id
  JOIN customer_links l ON l.user_id = u.user_id
 WHERE s.billing_sync_status = 'stale'
   AND CASE WHEN %(owner)s::text = '' THEN position('/' IN l.customer_id) = 0
            ELSE starts_with(l.customer_id, %(owner)s::text || '/') END
