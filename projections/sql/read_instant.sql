-- Rows: number of the requested stream, then what a fold needs of its events of one instant, in position order after a position.
-- Leans on events_history.
SELECT asked.number, e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode,
       CASE WHEN e.source_system = 'tenure' OR e.event_type LIKE ANY (%(read_types)s) THEN e.event_data::text END
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(bounds)s::bigint[], %(positions)s::bigint[])
       WITH ORDINALITY AS asked (part, route_key, bound, position, number)
 CROSS JOIN LATERAL (
       SELECT * FROM events
        WHERE events.part = asked.part AND events.route_key = asked.route_key AND events.occurred_at = %(at)s
          AND events.position > asked.position AND events.position <= asked.bound
          AND (events.livemode OR NOT %(live_only)s)
        ORDER BY events.position
        LIMIT %(limit)s) AS e
