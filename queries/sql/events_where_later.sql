-- Condition on a search: in front of the cursor, by occurrence.
-- Leans on events_occurred.
(e.occurred_at, e.part, e.position) > (%(key_at)s::timestamptz, %(key_part)s::smallint, %(key_position)s::bigint)
