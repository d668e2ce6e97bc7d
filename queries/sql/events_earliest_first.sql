-- Closing of a search: the earliest to occur first.
-- Leans on events_occurred.
 ORDER BY e.occurred_at, e.part, e.position
