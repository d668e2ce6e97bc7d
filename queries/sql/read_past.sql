-- Rows: what a fold needs of some streams up to one instant and recorded by another (null: no bound), each
-- from an instant on. OFFSET 0 keeps each stream a scan of its own: joined, the log would be read by time.
-- Leans on events_history.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode,
       CASE WHEN e.source_system = 'tenure' OR e.event_type LIKE ANY (%(read_types)s) THEN e.event_data::text END,
       (extract(epoch FROM e.recorded_at) * 1000000)::bigint AS recorded, e.metadata ->> 'actor', e.metadata ->> 'reason'
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(since)s::timestamptz[]) AS wanted (part, route_key, since)
 CROSS JOIN LATERAL (
       SELECT * FROM events
        WHERE events.part = wanted.part AND events.route_key = wanted.route_key
          AND events.occurred_at > wanted.since AND events.occurred_at <= %(until)s
          AND events.recorded_at <= coalesce(%(known_at)s::timestamptz, 'infinity')
       OFFSET 0) AS e
