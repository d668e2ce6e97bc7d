-- Rows: part, position, head of parts with events not yet projected; each locked for this batch.
-- Leans on the primary keys of projection_checkpoints and part_heads.
SELECT c.part, c.position, h.head
  FROM projection_checkpoints c
  JOIN part_heads h ON h.part = c.part
 WHERE c.position < h.head
 ORDER BY h.head - c.position DESC, c.part
 LIMIT %(parts)s
   FOR UPDATE OF c SKIP LOCKED
