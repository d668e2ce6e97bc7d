-- Rows: names of databases for the moment whose lock no session holds. Locks that this statement takes end with its
-- transaction. Only names of this login's own databases, which it may drop.
-- Leans on pg_database.
SELECT d.datname::text FROM pg_database d
 WHERE d.datname ~ %(pattern)s AND d.datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user)
   AND pg_try_advisory_xact_lock(hashtextextended(d.datname::text, 0))
 ORDER BY 1
