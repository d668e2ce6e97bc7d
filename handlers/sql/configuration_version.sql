-- One row: version, the position of the last configuration event the tables know; 0 without one.
-- Leans on nothing: two small tables.
SELECT greatest(coalesce((SELECT max(position) FROM system_configurations), 0),
                coalesce((SELECT max(position) FROM logging_configurations), 0)) AS version
