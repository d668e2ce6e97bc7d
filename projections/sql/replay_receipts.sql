-- Rows: recorded_at, heads of receipts of a replay that gave this digest, the latest first.
-- Leans on events_type.
SELECT recorded_at, ARRAY(SELECT json_array_elements_text(event_data -> 'heads')::bigint)
  FROM events
 WHERE event_type = 'projection.replayed' AND source_system = 'tenure' AND event_data ->> 'digest' = %(digest)s
 ORDER BY recorded_at DESC
 LIMIT 1
