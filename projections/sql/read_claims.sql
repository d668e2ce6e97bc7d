-- Rows: what a fold needs of the events in some streams that may name the owner of a customer, up to a position of each
-- stream's part: Stripe events that show an object with metadata, and domain events that make a claim.
-- Leans on events_stream.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode, e.event_data::text
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(bounds)s::bigint[]) AS wanted (part, route_key, bound)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key AND e.position <= wanted.bound
 WHERE (e.source_system = 'stripe' AND e.event_type LIKE ANY (%(read_types)s))
    OR (e.source_system = 'tenure' AND e.event_type = ANY (%(own_types)s))
