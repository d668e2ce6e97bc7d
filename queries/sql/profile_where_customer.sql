-- Condition on profile: whose a Stripe customer is.
-- Leans on the primary key of customer_links and users_user_id.
u.user_id = (SELECT l.user_id FROM customer_links l WHERE l.customer_id = %(stripe_customer_id)s::text)
