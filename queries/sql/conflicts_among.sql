-- One row per event with second bodies: event id, conflicts.
-- Leans on the primary key of event_conflicts.
SELECT e.id, count(*) AS conflicts
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS wanted (part, position)
  JOIN events e USING (part, position)
  JOIN event_conflicts c USING (part, position)
 GROUP BY e.id
