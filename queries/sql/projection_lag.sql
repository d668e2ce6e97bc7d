-- One row: waiting (events not yet projected), oldest_recorded_at (of the first of them in each part), stalled_s
-- (for how long events wait and none of their parts has moved; 0 while none waits).
-- Leans on the primary keys of part_heads, projection_checkpoints and events.
SELECT coalesce(sum(behind.waiting), 0)::bigint AS waiting,
       min(behind.recorded_at) AS oldest_recorded_at,
       coalesce(extract(epoch FROM clock_timestamp() - greatest(max(behind.moved_at), min(behind.recorded_at))), 0)::float AS stalled_s
  FROM (SELECT h.head - c.position AS waiting, c.moved_at,
               (SELECT e.recorded_at FROM events e
                 WHERE e.part = h.part AND e.position = c.position + 1) AS recorded_at
          FROM part_heads h
          JOIN projection_checkpoints c USING (part)
         WHERE h.head > c.position) AS behind
