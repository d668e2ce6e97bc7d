-- Condition on a search: happened before.
-- Leans on events_occurred.
e.occurred_at < %(occurred_before)s::timestamptz
