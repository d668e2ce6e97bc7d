-- name: citus_standing
-- One row: whether this server could have Citus, and whether this database has it.
-- Uses no index.
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citus') AS is_available,
       EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')         AS is_installed

-- name: distributed_already
-- Rows: tables that Citus distributes, with their column; only where the extension is installed.
-- Uses pg_dist_partition, which Citus keeps.
SELECT p.logicalrelid::regclass::text AS name,
       column_to_column_name(p.logicalrelid, p.partkey) AS distributed_by
  FROM pg_dist_partition p
 WHERE p.partmethod = 'h'

-- name: functions
-- Rows: functions of this name: how to call one exactly, and its source.
-- Uses pg_proc.
SELECT p.oid::regprocedure::text AS signature, p.prosrc AS source
  FROM pg_proc p
 WHERE p.pronamespace = 'public'::regnamespace AND p.proname = %(name)s::text

-- name: roles_without_login
-- Rows: those of these roles that can't log in, in order of name.
-- Uses pg_roles.
SELECT rolname AS name FROM pg_roles WHERE rolname = ANY (%(roles)s::text[]) AND NOT rolcanlogin ORDER BY 1
