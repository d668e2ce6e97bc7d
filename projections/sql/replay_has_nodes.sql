-- One row: whether this database has Citus, which alone could have spread the log over nodes.
-- Leans on the name of the table in which Citus keeps what it distributes.
SELECT to_regclass('pg_dist_partition') IS NOT NULL
