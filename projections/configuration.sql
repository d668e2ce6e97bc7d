-- name: clear_logging_configurations
-- No rows; the table is empty.
-- Leans on nothing: a rebuild reads every row anyway.
DELETE FROM logging_configurations

-- name: clear_system_configurations
-- No rows; the table is empty.
-- Leans on nothing: a rebuild reads every row anyway.
DELETE FROM system_configurations

-- name: read_settings
-- Rows: position, at (microseconds), event_type, payload of the configuration events between two positions.
-- Leans on events_stream.
SELECT position, (extract(epoch FROM occurred_at) * 1000000)::bigint, event_type, event_data::text
  FROM events
 WHERE part = %(part)s AND route_key = %(route_key)s AND position > %(after)s AND position <= %(bound)s
   AND source_system = 'tenure' AND event_type = ANY (%(types)s::text[]) AND event_data IS NOT NULL
 ORDER BY position

-- name: write_logging_configurations
-- No rows; rows of logging_configurations as the events give them. The first event's time stays.
-- Leans on the primary key of logging_configurations.
INSERT INTO logging_configurations
SELECT * FROM json_populate_recordset(NULL::logging_configurations, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE
   SET level = EXCLUDED.level,
       until = EXCLUDED.until,
       position = EXCLUDED.position,
       updated_at = EXCLUDED.updated_at

-- name: write_system_configurations
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
