-- 64 rows: part, waiting (events not yet projected), oldest_recorded_at (of the first of them, else null).
-- Leans on the primary keys of part_heads, projection_checkpoints and events.
SELECT h.part, h.head - c.position AS waiting,
       (SELECT e.recorded_at FROM events e
         WHERE e.part = h.part AND e.position = c.position + 1 AND h.head > c.position) AS oldest_recorded_at
  FROM part_heads h
  JOIN projection_checkpoints c USING (part)
 ORDER BY h.part
