-- One row for each session forgotten.
-- Leans on nothing: a row a sign-in, and those of a day at most.
DELETE FROM console_sessions WHERE seen_at < %(seen_before)s::timestamptz OR began_at < %(began_before)s::timestamptz
RETURNING token_id
