-- Why: a projected table is what its events say, and no combination of events may make the projector
-- fail. This key did: one signed event could make two users show one customer, and nothing was projected
-- from then on. customer_links has one user per customer; the index for searching by customer stays.
CREATE INDEX user_billing_customer_id ON user_billing (stripe_customer_id);
ALTER TABLE user_billing DROP CONSTRAINT user_billing_customer;
