-- Undoes 0045_append_sets.sql; the code of before appends event by event.
DROP FUNCTION append_events;
