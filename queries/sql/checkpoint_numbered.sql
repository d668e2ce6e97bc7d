-- At most one row: the checkpoint of that number.
-- Leans on the primary key of log_checkpoints.
SELECT number, signed_at, size, root, note, verifiers FROM log_checkpoints WHERE number = %(number)s::bigint
