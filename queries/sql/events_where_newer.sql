-- Condition on a search: in front of the cursor.
-- Leans on events_recorded.
(e.recorded_at, e.part, e.position) > (%(key_at)s::timestamptz, %(key_part)s::smallint, %(key_position)s::bigint)
