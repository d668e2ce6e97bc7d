-- Condition on a search: stored then or later.
-- Leans on events_recorded.
e.recorded_at >= %(recorded_after)s::timestamptz
