-- name: checkpoint_latest
-- At most one row: the newest checkpoint.
-- Uses the primary key of log_checkpoints.
SELECT number, signed_at, size, root, note, verifiers FROM log_checkpoints ORDER BY number DESC LIMIT 1

-- name: checkpoint_numbered
-- At most one row: the checkpoint of that number.
-- Uses the primary key of log_checkpoints.
SELECT number, signed_at, size, root, note, verifiers FROM log_checkpoints WHERE number = %(number)s::bigint

-- name: checkpoints_before
-- Rows, newest first: checkpoints of a smaller number (null: from the newest).
-- Uses the primary key of log_checkpoints.
SELECT number, signed_at, size, root, note, verifiers
  FROM log_checkpoints
 WHERE number < coalesce(%(before)s::bigint, 9223372036854775807)
 ORDER BY number DESC
 LIMIT %(limit)s

-- name: event_place
-- At most one row: part, position of the event of that id.
-- Uses events_id.
SELECT part, position FROM events WHERE id = %(id)s::uuid

-- name: log_origin
-- At most one row: the log's name in its checkpoints.
-- Uses the primary key of log_origin.
SELECT origin FROM log_origin
