-- One row: is_behind, whether any of these routes has an event beyond its part's checkpoint.
-- Leans on events_stream.
SELECT EXISTS (SELECT FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS r (part, route_key)
                 JOIN projection_checkpoints c ON c.part = r.part
                 JOIN events e ON e.part = r.part AND e.route_key = r.route_key AND e.position > c.position) AS is_behind
