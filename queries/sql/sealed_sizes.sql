-- 64 rows in order: part, head, sealed (how many of its events are in the tree).
-- Leans on the primary keys of part_heads and log_nodes.
SELECT h.part, h.head, coalesce(last.index + 1, 0) AS sealed
  FROM part_heads h
  LEFT JOIN LATERAL (
       SELECT n.index FROM log_nodes n
        WHERE n.part = h.part AND n.level = 0
        ORDER BY n.index DESC
        LIMIT 1) last ON true
 ORDER BY h.part
