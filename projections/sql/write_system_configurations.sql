-- No rows; rows of system_configurations as the events give them. The first event's time stays.
-- Leans on the primary key of system_configurations.
INSERT INTO system_configurations
SELECT * FROM json_populate_recordset(NULL::system_configurations, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE
   SET value = EXCLUDED.value,
       value_type = EXCLUDED.value_type,
       description = EXCLUDED.description,
       is_hot_reloadable = EXCLUDED.is_hot_reloadable,
       position = EXCLUDED.position,
       updated_at = EXCLUDED.updated_at
