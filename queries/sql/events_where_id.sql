-- Condition on a search: the event's own id.
-- Leans on events_id.
e.id = %(id)s::uuid
