-- No rows; rows of user_subscriptions as the fold gives them.
-- Leans on the primary key of user_subscriptions.
INSERT INTO user_subscriptions
SELECT * FROM json_populate_recordset(NULL::user_subscriptions, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE
   SET user_id = EXCLUDED.user_id,
       current_plan = EXCLUDED.current_plan,
       intended_plan = EXCLUDED.intended_plan,
       subscription_status = EXCLUDED.subscription_status,
       trial_status = EXCLUDED.trial_status,
       trial_start_date = EXCLUDED.trial_start_date,
       trial_end_date = EXCLUDED.trial_end_date,
       trial_conversion_date = EXCLUDED.trial_conversion_date,
       subscription_cancel_date = EXCLUDED.subscription_cancel_date,
       subscription_renewal_date = EXCLUDED.subscription_renewal_date,
       billing_sync_status = EXCLUDED.billing_sync_status,
       created_at = EXCLUDED.created_at,
       updated_at = EXCLUDED.updated_at
