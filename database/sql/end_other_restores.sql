-- Rows: for each other session of a restore into this database, whether it has ended (true within 10 s).
-- Leans on the lock of restoring, which the caller holds: no other restore is alive.
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = %(name)s
