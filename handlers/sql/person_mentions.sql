-- Rows: id, part, position, route_key, event_type, occurred_at, is_theirs (it belongs to another user or customer) of
-- events of other streams whose body contains one of the texts. Leans on nothing: it reads the whole log.
SELECT e.id, e.part, e.position, e.route_key, e.event_type, e.occurred_at,
       e.source_system = 'tenure' OR e.aggregate_type IN ('user', 'stripe_customer') AS is_theirs
  FROM events e
 WHERE e.route_key <> ALL (%(routes)s::text[]) AND e.event_data IS NOT NULL
   AND e.event_type <> 'privacy.erased'
   AND EXISTS (SELECT FROM unnest(%(texts)s::text[]) AS t WHERE strpos(lower(e.event_data::text), t) > 0)
 ORDER BY e.occurred_at, e.part, e.position
