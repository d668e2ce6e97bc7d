-- Rows: at (microseconds), event_type, idempotency_key, payload of every plan event up to a position.
-- Leans on events_stream.
SELECT (extract(epoch FROM occurred_at) * 1000000)::bigint, event_type, idempotency_key, event_data::text
  FROM events
 WHERE part = %(part)s AND route_key = %(route_key)s AND position <= %(bound)s AND event_data IS NOT NULL
