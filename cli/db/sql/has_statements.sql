-- One row: schema of pg_stat_statements where it is installed here.
-- Leans on the system catalog.
SELECT n.nspname::text AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'pg_stat_statements'
