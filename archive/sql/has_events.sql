-- One row: whether the log has any event.
-- Leans on the log's primary key.
SELECT EXISTS (SELECT FROM events)
