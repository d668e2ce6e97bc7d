-- Rows: roles of the service that can't log in.
-- Leans on pg_roles.
SELECT rolname AS name FROM pg_roles WHERE rolname IN ('tenure_app', 'tenure_eraser') AND NOT rolcanlogin ORDER BY 1
