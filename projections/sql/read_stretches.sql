-- Rows: number of the requested stream, then what a fold needs of its events from an instant on, oldest first, up to a position of its part.
-- Leans on events_history.
SELECT asked.number, e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode,
       CASE WHEN e.source_system = 'tenure' OR e.event_type LIKE ANY (%(read_types)s) THEN e.event_data::text END
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(bounds)s::bigint[], %(since)s::timestamptz[], %(limits)s::bigint[])
       WITH ORDINALITY AS asked (part, route_key, bound, since, most, number)
 CROSS JOIN LATERAL (
       SELECT * FROM events
        WHERE events.part = asked.part AND events.route_key = asked.route_key
          AND events.occurred_at >= asked.since AND events.position <= asked.bound
          AND (events.livemode OR NOT %(live_only)s)
        ORDER BY events.occurred_at
        LIMIT asked.most) AS e
