-- No rows; rows of user_system_data as the fold gives them.
-- Leans on the primary key of user_system_data.
INSERT INTO user_system_data
SELECT * FROM json_populate_recordset(NULL::user_system_data, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE
   SET user_id = EXCLUDED.user_id,
       signup_timestamp = EXCLUDED.signup_timestamp,
       email_schedule_status = EXCLUDED.email_schedule_status,
       last_webhook_event = EXCLUDED.last_webhook_event,
       last_webhook_timestamp = EXCLUDED.last_webhook_timestamp,
       created_at = EXCLUDED.created_at,
       updated_at = EXCLUDED.updated_at
