-- One row: how many conflicting bodies belong to events of some streams or to some events.
-- Leans on the primary key of events.
SELECT count(*)
  FROM event_conflicts c
  JOIN events e ON e.part = c.part AND e.position = c.position
 WHERE c.event_data IS NOT NULL
   AND (e.route_key = ANY (%(routes)s::text[]) OR e.id = ANY (%(ids)s::uuid[]))
   AND NOT (e.source_system = 'tenure' AND e.aggregate_type = ANY (%(service)s::text[]))
