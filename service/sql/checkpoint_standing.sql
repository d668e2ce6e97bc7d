-- At most one row: number, signed_at of the newest checkpoint, and how many events are younger than it.
-- Leans on the primary keys of log_checkpoints and part_heads.
SELECT c.number, c.signed_at, (SELECT coalesce(sum(head), 0) FROM part_heads)::bigint - c.size AS unsealed
  FROM log_checkpoints c
 ORDER BY c.number DESC
 LIMIT 1
