-- Rows: those of these roles that can't log in, in order of name.
-- Leans on pg_roles.
SELECT rolname AS name FROM pg_roles WHERE rolname = ANY (%(roles)s::text[]) AND NOT rolcanlogin ORDER BY 1
