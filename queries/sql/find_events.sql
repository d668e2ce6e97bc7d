-- Rows: id, event_type, occurred_at, route_key: of the newest events those whose body names the id, newest first.
-- Leans on events_recorded for the newest; only their bodies are read.
SELECT e.id, e.event_type, e.occurred_at, e.route_key
  FROM (SELECT n.id, n.event_type, n.occurred_at, n.route_key, n.recorded_at, n.part, n.position, n.event_data
          FROM events n
         ORDER BY n.recorded_at DESC, n.part DESC, n.position DESC
         LIMIT %(newest)s::integer) e
 WHERE strpos(e.event_data::text, %(quoted)s::text) > 0
 ORDER BY e.recorded_at DESC, e.part DESC, e.position DESC
 LIMIT %(limit)s::integer
