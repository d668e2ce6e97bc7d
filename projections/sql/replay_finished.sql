-- At most one row: what a piece of a replay came to.
-- Leans on the primary key of replay_progress.
SELECT outcome::text FROM replay_progress WHERE stage = %(stage)s AND number = %(number)s
