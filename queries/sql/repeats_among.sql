-- One row per given event that was delivered again: event_id, times, last_at.
-- Leans on the primary key of repeated_deliveries.
SELECT r.event_id, r.times, r.last_at
  FROM repeated_deliveries r
 WHERE r.event_id = ANY(%(ids)s::uuid[])
