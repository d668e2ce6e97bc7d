-- Rows: which of the named tables are in the current schema.
-- Leans on the system catalog by name.
SELECT c.relname::text FROM pg_class c
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY (%(tables)s) AND c.relkind IN ('r', 'p', 'v')
 ORDER BY 1
