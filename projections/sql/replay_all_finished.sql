-- Rows: number, outcome of every piece of a stage that is done.
-- Leans on the primary key of replay_progress.
SELECT number, outcome::text FROM replay_progress WHERE stage = %(stage)s
