-- Rows, the newest first: what a fold needs of the last events of some types in one stream.
-- Leans on events_stream.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode, e.event_data::text
  FROM events e
 WHERE e.part = %(part)s::smallint AND e.route_key = %(route_key)s::text
   AND e.event_type LIKE ANY (%(types)s::text[]) AND e.event_data IS NOT NULL
   AND e.occurred_at <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND e.recorded_at <= coalesce(%(known_at)s::timestamptz, 'infinity')
 ORDER BY e.position DESC
 LIMIT %(limit)s
