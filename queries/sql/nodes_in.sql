-- Rows: level, index, hash of stored nodes in some ranges, one range per level.
-- Leans on the primary key of log_nodes.
SELECT n.level, n.index, n.hash
  FROM unnest(%(levels)s::smallint[], %(firsts)s::bigint[], %(ends)s::bigint[]) AS wanted (level, first, ending)
  JOIN log_nodes n ON n.part = %(part)s::smallint AND n.level = wanted.level
                  AND n.index >= wanted.first AND n.index < wanted.ending
