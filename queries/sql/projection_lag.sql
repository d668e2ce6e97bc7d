-- One row: waiting (events not yet projected), oldest_recorded_at (of the first of them in each part).
-- Leans on the primary keys of part_heads, projection_checkpoints and events.
SELECT coalesce(sum(h.head - c.position), 0)::bigint AS waiting,
       min((SELECT e.recorded_at FROM events e
             WHERE e.part = h.part AND e.position = c.position + 1)) AS oldest_recorded_at
  FROM part_heads h
  JOIN projection_checkpoints c USING (part)
 WHERE h.head > c.position
