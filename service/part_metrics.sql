-- name: checkpoint_standing
-- At most one row: number, signed_at of the newest checkpoint, and how many events are younger than it.
-- Uses the primary keys of log_checkpoints and part_heads.
SELECT c.number, c.signed_at, (SELECT coalesce(sum(head), 0) FROM part_heads)::bigint - c.size AS unsealed
  FROM log_checkpoints c
 ORDER BY c.number DESC
 LIMIT 1

-- name: clockwork_standing
-- One row a scheduled handler: name, failures in a row, last_finished_at.
-- Uses no index: there are about a dozen.
SELECT name, failures, last_finished_at FROM schedule_runs ORDER BY name

-- name: part_standing
-- 64 rows: part, waiting (events not yet projected), oldest_recorded_at (of the first of them, else null).
-- Uses the primary keys of part_heads, projection_checkpoints and events.
SELECT h.part, h.head - c.position AS waiting,
       (SELECT e.recorded_at FROM events e
         WHERE e.part = h.part AND e.position = c.position + 1 AND h.head > c.position) AS oldest_recorded_at
  FROM part_heads h
  JOIN projection_checkpoints c USING (part)
 ORDER BY h.part
