DROP FUNCTION append_events_promptly;
