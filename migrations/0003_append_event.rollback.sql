DROP FUNCTION append_event;
DROP FUNCTION same_event_body;
DROP FUNCTION keep_unreadable;
