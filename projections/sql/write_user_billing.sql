-- No rows; rows of user_billing as the fold gives them.
-- Leans on the primary key of user_billing.
INSERT INTO user_billing
SELECT * FROM json_populate_recordset(NULL::user_billing, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE
   SET user_id = EXCLUDED.user_id,
       stripe_customer_id = EXCLUDED.stripe_customer_id,
       stripe_subscription_id = EXCLUDED.stripe_subscription_id,
       payment_method_id = EXCLUDED.payment_method_id,
       card_last4 = EXCLUDED.card_last4,
       card_brand = EXCLUDED.card_brand,
       card_exp_month = EXCLUDED.card_exp_month,
       card_exp_year = EXCLUDED.card_exp_year,
       billing_address_city = EXCLUDED.billing_address_city,
       billing_address_country = EXCLUDED.billing_address_country,
       billing_address_postal_code = EXCLUDED.billing_address_postal_code,
       created_at = EXCLUDED.created_at,
       updated_at = EXCLUDED.updated_at
