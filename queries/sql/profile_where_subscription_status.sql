-- Condition on profile: Stripe's word for the current subscription, or none.
-- Leans on user_subscriptions_status.
s.subscription_status = %(subscription_status)s::text
