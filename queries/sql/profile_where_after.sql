-- Condition on profile: users behind the cursor. On s, so that a status and the cursor share an index.
-- Leans on user_subscriptions_user or user_subscriptions_status.
s.user_id > %(after)s::uuid
