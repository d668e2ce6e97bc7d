-- One row for each event, in no order: nth (its place in the list, from 1), outcome, event_id, event_position, event_recorded_at.
-- Fails with lock_not_available when another transaction locks a head for longer than a quarter of a second.
-- Leans on events_idempotency and the primary key of part_heads.
SELECT nth, outcome, event_id, event_position, event_recorded_at
  FROM append_events_promptly(%(events)s::json)
