-- One row per user: the flat profile, see queries/profile.py.
-- Leans on the unique user_id of the four tables and the primary key of quarantine.
SELECT u.id, u.user_id, u.email, u.full_name, u.business_name, u.brand_description, u.industry,
       u.onboarding_step, u.is_admin, u.deleted_at, u.created_at, u.updated_at,
       s.current_plan, s.intended_plan, s.subscription_status, s.trial_status, s.trial_start_date,
       s.trial_end_date, s.trial_conversion_date, s.subscription_cancel_date,
       s.subscription_renewal_date, s.billing_sync_status,
       b.stripe_customer_id, b.stripe_subscription_id, b.payment_method_id, b.card_last4, b.card_brand,
       b.card_exp_month, b.card_exp_year, b.billing_address_city, b.billing_address_country,
       b.billing_address_postal_code,
       g.plan_campaigns_limit, g.plan_creators_limit, g.plan_features, g.usage_campaigns_current,
       g.usage_creators_current_month, g.enrichments_current_month, g.usage_reset_date,
       y.signup_timestamp, y.email_schedule_status, y.last_webhook_event, y.last_webhook_timestamp,
       q.user_id IS NOT NULL AS stale,
       CASE WHEN q.user_id IS NOT NULL
            THEN jsonb_build_object('event_id', q.event_id, 'event_type', q.event_type) END AS quarantine
  FROM users u
  JOIN user_subscriptions s ON s.user_id = u.id
  JOIN user_billing b ON b.user_id = u.id
  JOIN user_usage g ON g.user_id = u.id
  JOIN user_system_data y ON y.user_id = u.id
  LEFT JOIN quarantine q ON q.user_id = u.user_id
