-- One row: whether this server could have Citus, and whether this database has it.
-- Leans on nothing.
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citus') AS is_available,
       EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')         AS is_installed
