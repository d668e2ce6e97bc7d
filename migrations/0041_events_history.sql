-- Why: a refold and a page of a history read one stream from an instant on, and without this index all of it.
-- The log may be large, and appending goes on while the index is made: this file runs outside of a transaction. An
-- index that an interrupted run left is not valid, so it is dropped first.
DROP INDEX CONCURRENTLY IF EXISTS events_history;
CREATE INDEX CONCURRENTLY events_history ON events (part, route_key, occurred_at, position);
