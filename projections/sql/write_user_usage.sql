-- No rows; rows of user_usage as the fold gives them.
-- Leans on the primary key of user_usage.
INSERT INTO user_usage
SELECT * FROM json_populate_recordset(NULL::user_usage, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE
   SET user_id = EXCLUDED.user_id,
       plan_campaigns_limit = EXCLUDED.plan_campaigns_limit,
       plan_creators_limit = EXCLUDED.plan_creators_limit,
       plan_features = EXCLUDED.plan_features,
       usage_campaigns_current = EXCLUDED.usage_campaigns_current,
       usage_creators_current_month = EXCLUDED.usage_creators_current_month,
       enrichments_current_month = EXCLUDED.enrichments_current_month,
       usage_reset_date = EXCLUDED.usage_reset_date,
       created_at = EXCLUDED.created_at,
       updated_at = EXCLUDED.updated_at
