-- One row per stream of a Stripe customer: route_key, at (microseconds) of its first event up to a position of its part.
-- Leans on events_stream.
SELECT e.route_key, (extract(epoch FROM min(e.occurred_at)) * 1000000)::bigint AS at
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(bounds)s::bigint[]) AS wanted (part, route_key, bound)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key AND e.position <= wanted.bound
 WHERE e.source_system = 'stripe' AND e.aggregate_type = 'stripe_customer' AND (e.livemode OR NOT %(live_only)s)
 GROUP BY e.route_key
