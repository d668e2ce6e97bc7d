-- No rows; rows of logging_configurations as the events give them. The first event's time stays.
-- Leans on the primary key of logging_configurations.
INSERT INTO logging_configurations
SELECT * FROM json_populate_recordset(NULL::logging_configurations, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE
   SET level = EXCLUDED.level,
       until = EXCLUDED.until,
       position = EXCLUDED.position,
       updated_at = EXCLUDED.updated_at
