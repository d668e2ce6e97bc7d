-- Closing of a search: the latest to occur first.
-- Leans on events_occurred.
 ORDER BY e.occurred_at DESC, e.part DESC, e.position DESC
