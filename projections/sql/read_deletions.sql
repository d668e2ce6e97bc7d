-- Rows: what a fold needs of the events in some users' streams that delete the user or revert deletions, up to a
-- position of each stream's part.
-- Leans on events_stream.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode, e.event_data::text
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(bounds)s::bigint[]) AS wanted (part, route_key, bound)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key AND e.position <= wanted.bound
 WHERE e.event_type = ANY (%(types)s)
