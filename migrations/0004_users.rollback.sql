DROP TABLE customer_links, subscription_plans, user_system_data, user_usage, user_billing, user_subscriptions, users;
