-- No rows; rows of users as the fold gives them.
-- Leans on the primary key of users.
INSERT INTO users
SELECT * FROM json_populate_recordset(NULL::users, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE
   SET user_id = EXCLUDED.user_id,
       email = EXCLUDED.email,
       full_name = EXCLUDED.full_name,
       business_name = EXCLUDED.business_name,
       brand_description = EXCLUDED.brand_description,
       industry = EXCLUDED.industry,
       onboarding_step = EXCLUDED.onboarding_step,
       is_admin = EXCLUDED.is_admin,
       deleted_at = EXCLUDED.deleted_at,
       created_at = EXCLUDED.created_at,
       updated_at = EXCLUDED.updated_at
