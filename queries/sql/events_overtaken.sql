-- One row per event recorded after an event that occurred later: id, overtaken_by. Looks at the events of its stream just
-- before it. Leans on the primary key of events and on events_stream.
SELECT e.id, later.id AS overtaken_by
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS wanted (part, position)
  JOIN events e USING (part, position)
 CROSS JOIN LATERAL (
       SELECT near.id, near.occurred_at
         FROM (SELECT b.id, b.occurred_at
                 FROM events b
                WHERE b.part = e.part AND b.route_key = e.route_key AND b.position < e.position
                ORDER BY b.position DESC
                LIMIT 100) near
        WHERE near.occurred_at > e.occurred_at
        ORDER BY near.occurred_at DESC
        LIMIT 1) later
