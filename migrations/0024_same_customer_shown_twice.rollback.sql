ALTER TABLE user_billing ADD CONSTRAINT user_billing_customer UNIQUE (stripe_customer_id) DEFERRABLE INITIALLY DEFERRED;
DROP INDEX user_billing_customer_id;
