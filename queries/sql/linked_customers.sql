-- One row per Stripe customer now linked to the user: customer_id.
-- Leans on customer_links_user.
SELECT l.customer_id FROM customer_links l WHERE l.user_id = %(user_id)s::text ORDER BY l.customer_id
