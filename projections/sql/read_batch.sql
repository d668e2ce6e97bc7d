-- Rows in position order of each part: what a fold needs of the next events. The payload comes only where it is read.
-- Leans on the primary key of events.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode,
       CASE WHEN e.source_system = 'tenure' OR e.event_type LIKE ANY (%(read_types)s) THEN e.event_data::text END
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS wanted (part, position)
 CROSS JOIN LATERAL (
       SELECT * FROM events
        WHERE events.part = wanted.part AND events.position > wanted.position
        ORDER BY events.position
        LIMIT %(limit)s) AS e
