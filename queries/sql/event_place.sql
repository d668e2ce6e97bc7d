-- At most one row: part, position of the event of that id.
-- Leans on events_id.
SELECT part, position FROM events WHERE id = %(id)s::uuid
