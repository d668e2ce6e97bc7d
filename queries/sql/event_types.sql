-- One row a type the log holds: event_type.
-- Leans on events_type: each step jumps to the next type, so the rows between are never read.
WITH RECURSIVE known (event_type) AS (
    SELECT min(event_type) FROM events
    UNION ALL
    SELECT (SELECT min(e.event_type) FROM events e WHERE e.event_type > known.event_type)
      FROM known
     WHERE known.event_type IS NOT NULL
)
SELECT event_type FROM known WHERE event_type IS NOT NULL ORDER BY event_type
