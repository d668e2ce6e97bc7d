-- No rows; rows of subscription_plans as the fold gives them.
-- Leans on the primary key of subscription_plans.
INSERT INTO subscription_plans
SELECT * FROM json_populate_recordset(NULL::subscription_plans, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE
   SET plan_key = EXCLUDED.plan_key,
       plan_name = EXCLUDED.plan_name,
       campaigns_limit = EXCLUDED.campaigns_limit,
       creators_limit = EXCLUDED.creators_limit,
       features = EXCLUDED.features,
       price_monthly = EXCLUDED.price_monthly,
       price_yearly = EXCLUDED.price_yearly,
       currency = EXCLUDED.currency,
       stripe_price_id_monthly = EXCLUDED.stripe_price_id_monthly,
       stripe_price_id_yearly = EXCLUDED.stripe_price_id_yearly,
       is_active = EXCLUDED.is_active,
       display_order = EXCLUDED.display_order,
       created_at = EXCLUDED.created_at,
       updated_at = EXCLUDED.updated_at
