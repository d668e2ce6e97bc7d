-- One row for each session deleted.
-- Leans on nothing: one row per sign-in, of one day at most.
DELETE FROM console_sessions WHERE seen_at < %(seen_before)s::timestamptz OR began_at < %(began_before)s::timestamptz
RETURNING token_id
