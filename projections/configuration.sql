-- name: clear_logging_configurations
-- No rows; the table is empty.
-- Uses no index: a rebuild reads every row anyway.
DELETE FROM logging_configurations

-- name: clear_system_configurations
-- No rows; the table is empty.
-- Uses no index: a rebuild reads every row anyway.
DELETE FROM system_configurations

-- name: read_settings
-- Rows: position, at (microseconds), event_type, payload of the configuration events between two positions.
-- Uses events_stream.
SELECT position, (extract(epoch FROM occurred_at) * 1000000)::bigint, event_type, event_data::text
  FROM events
 WHERE part = %(part)s AND route_key = %(route_key)s AND position > %(after)s AND position <= %(bound)s
   AND source_system = 'tenure' AND event_type = ANY (%(types)s::text[]) AND event_data IS NOT NULL
 ORDER BY position
