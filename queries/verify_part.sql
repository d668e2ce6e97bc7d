-- name: first_gap
-- One row: the first position of a part that has no event, up to one past its last.
-- Uses the primary key of events.
SELECT coalesce(min(numbered.expected), 0)
  FROM (SELECT e.position, row_number() OVER (ORDER BY e.position) AS expected
          FROM events e WHERE e.part = %(part)s::smallint) numbered
 WHERE numbered.position <> numbered.expected

-- name: nodes_in
-- Rows: level, index, hash of stored nodes in some ranges, one range per level.
-- Uses the primary key of log_nodes.
SELECT n.level, n.index, n.hash
  FROM unnest(%(levels)s::smallint[], %(firsts)s::bigint[], %(ends)s::bigint[]) AS wanted (level, first, ending)
  JOIN log_nodes n ON n.part = %(part)s::smallint AND n.level = wanted.level
                  AND n.index >= wanted.first AND n.index < wanted.ending

-- name: part_promises
-- Rows in order: number and the part's line (part size root) of checkpoints between two numbers.
-- Uses the primary key of log_checkpoints.
SELECT c.number, split_part(c.note, E'\n', %(line)s::integer)
  FROM log_checkpoints c
 WHERE c.number > %(after)s::bigint AND c.number <= %(upto)s::bigint
 ORDER BY c.number
 LIMIT %(limit)s

-- name: part_standing
-- One row: head, head_recorded (microseconds), events, last_position, nodes, sealed of one part, in one snapshot.
-- Uses the primary keys of part_heads, events and log_nodes.
SELECT (SELECT h.head FROM part_heads h WHERE h.part = %(part)s::smallint) AS head,
       (SELECT CASE WHEN isfinite(h.recorded_at) THEN (extract(epoch FROM h.recorded_at) * 1000000)::bigint END
          FROM part_heads h WHERE h.part = %(part)s::smallint) AS head_recorded,
       (SELECT count(*) FROM events e WHERE e.part = %(part)s::smallint) AS events,
       (SELECT coalesce(max(e.position), 0) FROM events e WHERE e.part = %(part)s::smallint) AS last_position,
       (SELECT count(*) FROM log_nodes n WHERE n.part = %(part)s::smallint) AS nodes,
       (SELECT coalesce(max(n.index) + 1, 0) FROM log_nodes n
         WHERE n.part = %(part)s::smallint AND n.level = 0) AS sealed

-- name: verify_snapshot
-- No rows; the rest of this transaction reads one snapshot of the log.
-- Uses no index.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
