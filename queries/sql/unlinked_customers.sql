-- One row a Stripe customer nobody is known to have, in id order: customer_id, created_at, claimed_by.
-- Leans on customer_links_user.
SELECT l.customer_id, l.created_at, l.claimed_by
  FROM customer_links l
 WHERE l.user_id IS NULL AND l.customer_id > %(after)s::text
 ORDER BY l.customer_id
 LIMIT %(limit)s::integer
