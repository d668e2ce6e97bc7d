-- At most one row: the log's name in its checkpoints.
-- Leans on the primary key of log_origin.
SELECT origin FROM log_origin
