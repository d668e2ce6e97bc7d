-- Rows: table, column, type of some tables of a schema.
-- Leans on pg_attribute_relid_attnum_index.
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = %(schema)s
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relname = ANY (%(tables)s::text[]) AND c.relkind IN ('r', 'p')
 ORDER BY c.relname, a.attname
