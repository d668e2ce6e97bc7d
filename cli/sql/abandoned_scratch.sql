-- Rows: names of temporary databases that no session uses; their command stays connected to them. Only those of
-- this login, which it may drop.
-- Leans on pg_database and pg_stat_activity, which show all databases of the server.
SELECT d.datname::text FROM pg_database d
 WHERE d.datname ~ %(pattern)s AND d.datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user)
   AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)
 ORDER BY 1
