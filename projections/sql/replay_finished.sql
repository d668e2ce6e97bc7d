-- At most one row: the outcome of a piece of a replay.
-- Leans on the primary key of replay_progress.
SELECT outcome::text FROM replay_progress WHERE stage = %(stage)s AND number = %(number)s
