-- Rows: part, level, index, hash of the tree nodes at these addresses; without missing ones.
-- Leans on the primary key of log_nodes.
SELECT n.part, n.level, n.index, n.hash
  FROM unnest(%(parts)s::smallint[], %(levels)s::smallint[], %(indexes)s::bigint[]) AS wanted (part, level, index)
  JOIN log_nodes n USING (part, level, index)
