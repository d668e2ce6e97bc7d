-- One row: whether this database has Citus, without which the log is on one node.
-- Leans on the name of the table in which Citus keeps what it distributes.
SELECT to_regclass('pg_dist_partition') IS NOT NULL
