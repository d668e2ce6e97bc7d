-- Closing of a search: the newest first.
-- Leans on events_recorded.
 ORDER BY e.recorded_at DESC, e.part DESC, e.position DESC
