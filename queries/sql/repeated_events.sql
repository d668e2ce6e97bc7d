-- One row per event that was delivered again, the latest repeat first.
-- Leans on repeated_deliveries_last and events_id.
SELECT r.times, r.last_at, e.id AS event_id, e.source_system, e.idempotency_key, e.event_type, e.recorded_at,
       e.route_key
  FROM (SELECT * FROM repeated_deliveries ORDER BY last_at DESC LIMIT %(limit)s::integer) r
  JOIN events e ON e.id = r.event_id
 ORDER BY r.last_at DESC
