-- Returns nothing; payload and salt of events that were erased where the archive was made.
-- Leans on the primary key of events; the trigger lets only tenure_eraser through.
UPDATE events e SET event_data = NULL, payload_salt = NULL
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS gone (part, position)
 WHERE e.part = gone.part AND e.position = gone.position
