-- Condition on a search: what it is about.
-- Leans on events_aggregate.
e.aggregate_id = %(aggregate_id)s::text
