-- Condition on a search: stored before.
-- Leans on events_recorded.
e.recorded_at < %(recorded_before)s::timestamptz
