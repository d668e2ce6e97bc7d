-- Rows: what a fold needs of every event about some aggregates, up to a position of their part.
-- Leans on events_aggregate.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode, e.event_data::text, e.aggregate_id
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(aggregates)s::text[], %(bounds)s::bigint[])
       AS wanted (part, route_key, aggregate_id, bound)
  JOIN events e ON e.aggregate_id = wanted.aggregate_id AND e.part = wanted.part AND e.route_key = wanted.route_key
   AND e.position <= wanted.bound
 WHERE e.source_system = 'tenure'
