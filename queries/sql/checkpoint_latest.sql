-- At most one row: the newest checkpoint.
-- Leans on the primary key of log_checkpoints.
SELECT number, signed_at, size, root, note, verifiers FROM log_checkpoints ORDER BY number DESC LIMIT 1
