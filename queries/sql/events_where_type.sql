-- Condition on a search: one type.
-- Leans on events_type.
e.event_type = %(type)s::text
