-- No rows; the table is empty.
-- Leans on nothing: a rebuild reads every row anyway.
DELETE FROM logging_configurations
