-- Rows: schema, table, name, definition of foreign keys by which tables that are not rebuilt refer to live ones that are.
-- Leans on pg_constraint_conrelid_contypid_conname_index.
SELECT n.nspname, outside.relname, k.conname, regexp_replace(pg_get_constraintdef(k.oid, true), ' NOT VALID$', '')
  FROM pg_constraint k
  JOIN pg_class live ON live.oid = k.confrelid AND live.relnamespace = 'public'::regnamespace
  JOIN pg_class outside ON outside.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = outside.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0 AND live.relname = ANY (%(tables)s::text[])
   AND NOT (outside.relname = ANY (%(tables)s::text[]) AND n.nspname = 'public')
 ORDER BY n.nspname, outside.relname, k.conname
