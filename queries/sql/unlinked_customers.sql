-- One row per Stripe customer that waits for a link, in id order: customer_id, created_at, claimed_by. None whose last
-- owner was deleted or erased.
-- Leans on customer_links_user.
SELECT l.customer_id, l.created_at, l.claimed_by
  FROM customer_links l
 WHERE l.user_id IS NULL AND NOT l.owner_left AND l.customer_id > %(after)s::text
 ORDER BY l.customer_id
 LIMIT %(limit)s::integer
