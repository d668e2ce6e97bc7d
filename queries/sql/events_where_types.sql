-- Condition on a search: several types.
-- Leans on events_type.
e.event_type = ANY(%(types)s::text[])
