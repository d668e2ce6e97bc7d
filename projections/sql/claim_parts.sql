-- Rows: part, position, head of parts with events not yet projected; each locked for this batch.
-- Leans on the primary key of projection_checkpoints, and on part_heads having 64 rows. The heads are read apart: where
-- they are on other nodes, rows are locked only by a statement that keeps to one.
  WITH heads AS MATERIALIZED (SELECT part, head FROM part_heads)
SELECT c.part, c.position, h.head
  FROM projection_checkpoints c
  JOIN heads h ON h.part = c.part
 WHERE c.position < h.head AND c.part <> ALL (%(avoided)s::smallint[])
 ORDER BY h.head - c.position DESC, c.part
 LIMIT %(parts)s
   FOR UPDATE OF c SKIP LOCKED
