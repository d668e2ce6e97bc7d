-- Closing of a search: the oldest first.
-- Leans on events_recorded.
 ORDER BY e.recorded_at, e.part, e.position
