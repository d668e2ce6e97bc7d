-- Closing of a page of profiles, in the order of their derived ids.
-- Leans on user_subscriptions_user or user_subscriptions_status.
 ORDER BY s.user_id
 LIMIT %(limit)s::integer
