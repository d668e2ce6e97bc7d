-- Rows, newest first: checkpoints of a smaller number (null: from the newest).
-- Leans on the primary key of log_checkpoints.
SELECT number, signed_at, size, root, note, verifiers
  FROM log_checkpoints
 WHERE number < coalesce(%(before)s::bigint, 9223372036854775807)
 ORDER BY number DESC
 LIMIT %(limit)s
