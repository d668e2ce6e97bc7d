-- Undoes 0041_events_history.sql; refolds and histories then read whole streams.
DROP INDEX events_history;
