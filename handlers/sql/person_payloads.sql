-- Rows: event_data of every event of some streams that has one, except erasures; selected as in person_events.
-- Leans on events_stream.
SELECT e.event_data::text
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) WITH ORDINALITY AS wanted (part, route_key, nth)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key
 WHERE (e.source_system = 'stripe') = (wanted.nth > 1)
   AND NOT (e.source_system = 'tenure' AND e.aggregate_type = ANY (%(service)s::text[]))
   AND e.event_type <> 'privacy.erased' AND e.event_data IS NOT NULL
