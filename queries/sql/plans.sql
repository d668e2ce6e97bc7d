-- One row per plan.
-- Leans on nothing: the catalog is a handful of rows.
SELECT p.plan_key, p.plan_name, p.campaigns_limit, p.creators_limit, p.features, p.price_monthly,
       p.price_yearly, p.currency, p.stripe_price_id_monthly, p.stripe_price_id_yearly, p.is_active,
       p.display_order, p.created_at, p.updated_at
  FROM subscription_plans p
