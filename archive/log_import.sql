-- name: erase_event
-- Returns nothing; payload and salt of events that were erased where the archive was made.
-- Uses the primary key of events; the trigger lets only tenure_eraser through.
UPDATE events e SET event_data = NULL, payload_salt = NULL
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS gone (part, position)
 WHERE e.part = gone.part AND e.position = gone.position

-- name: hold_head
-- One row: the head of a part; locked, so that no other transaction appends to the part until the transaction ends.
-- Uses the primary key of part_heads.
SELECT head FROM part_heads WHERE part = %(part)s FOR UPDATE

-- name: set_head
-- Returns nothing; the head of a part after events were put in behind the append function.
-- Uses the primary key of part_heads.
UPDATE part_heads
   SET head = %(head)s, recorded_at = greatest(recorded_at, %(recorded_at)s::timestamptz)
 WHERE part = %(part)s
