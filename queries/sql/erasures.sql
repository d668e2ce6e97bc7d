-- Rows: part, position, route_key, recorded (microseconds), payload of every erasure.
-- Leans on events_type.
SELECT e.part, e.position, e.route_key, (extract(epoch FROM e.recorded_at) * 1000000)::bigint AS recorded,
       e.event_data::text AS payload
  FROM events e
 WHERE e.event_type = 'privacy.erased' AND e.source_system = 'tenure'
