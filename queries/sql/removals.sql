-- Rows: payload of every event by which retention removed checkpoints.
-- Uses events_type.
SELECT e.event_data::text
  FROM events e
 WHERE e.event_type = 'log.checkpoints_removed' AND e.source_system = 'tenure'
