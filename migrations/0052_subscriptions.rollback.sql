DROP TABLE subscription_discounts, subscription_items, subscriptions, customers;
