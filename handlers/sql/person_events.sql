-- Rows: id, part, position, route_key, event_type, occurred_at of events of some streams that have a payload: the first
-- is the user's own, the others are of customers. A name from outside may also be the route of the
-- service's own events or of a customer.
-- Leans on events_stream.
SELECT e.id, e.part, e.position, e.route_key, e.event_type, e.occurred_at
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) WITH ORDINALITY AS wanted (part, route_key, nth)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key
 WHERE (e.source_system = 'stripe') = (wanted.nth > 1)
   AND NOT (e.source_system = 'tenure' AND e.aggregate_type = ANY (%(service)s::text[]))
   AND e.event_type <> 'privacy.erased' AND e.event_data IS NOT NULL
 ORDER BY e.occurred_at, e.part, e.position
