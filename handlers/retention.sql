-- name: access_log_to_trim
-- One row: how many of the oldest accesses, at most about `limit`, are older than `before`, and the last one's instant.
-- Uses access_log_read_at. Accesses of one instant go together.
WITH oldest AS (
    SELECT max(a.read_at) AS through
      FROM (SELECT read_at FROM access_log WHERE read_at < %(before)s ORDER BY read_at LIMIT %(limit)s) AS a
)
SELECT o.through, (SELECT count(*) FROM access_log a WHERE a.read_at <= o.through) AS rows
  FROM oldest o WHERE o.through IS NOT NULL

-- name: apply_retention
-- One row: how many rows the retention event at that place deleted.
-- Uses the primary key of events; access_log_read_at or the primary key of log_checkpoints.
SELECT deleted FROM apply_retention(%(part)s::smallint, %(position)s::bigint)

-- name: checkpoints_to_remove
-- Rows: numbers, ascending, of checkpoints signed before `before` that retention does not keep. Kept are the last of each
-- hour, before `daily_before` of each day, and those on both sides of a change of keys: trust goes back through them.
-- Reads log_checkpoints_signed.
WITH placed AS (
    SELECT c.number,
           c.number = max(c.number) OVER (PARTITION BY c.signed_at < %(daily_before)s, date_trunc(
               CASE WHEN c.signed_at < %(daily_before)s THEN 'day' ELSE 'hour' END, c.signed_at, 'UTC')) AS is_last,
           lag(c.verifiers) OVER in_order IS DISTINCT FROM c.verifiers
               OR lead(c.verifiers) OVER in_order IS DISTINCT FROM c.verifiers AS changes_keys
      FROM log_checkpoints c
     WHERE c.signed_at < %(before)s
    WINDOW in_order AS (ORDER BY c.number)
)
SELECT number FROM placed WHERE NOT is_last AND NOT changes_keys ORDER BY number LIMIT %(limit)s
