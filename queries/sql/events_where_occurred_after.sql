-- Condition on a search: happened then or later.
-- Leans on events_occurred.
e.occurred_at >= %(occurred_after)s::timestamptz
