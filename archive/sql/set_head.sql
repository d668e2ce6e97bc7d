-- Returns nothing; the head of a part after events were put in behind the append function.
-- Leans on the primary key of part_heads.
UPDATE part_heads
   SET head = %(head)s, recorded_at = greatest(recorded_at, %(recorded_at)s::timestamptz)
 WHERE part = %(part)s
