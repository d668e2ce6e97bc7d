-- One row per type in the log, in order: event_type.
-- Leans on events_type, through event_types(): each step jumps to the next type, so the rows between are never read.
SELECT event_type FROM event_types() AS known (event_type) ORDER BY event_type
