-- No rows; a piece of a replay is done.
-- Leans on the primary key of replay_progress: no piece is done twice.
INSERT INTO replay_progress (stage, number, outcome) VALUES (%(stage)s, %(number)s, %(outcome)s::json)
