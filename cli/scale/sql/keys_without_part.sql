-- Rows: unique indexes of these tables that the column is no part of; Citus can't keep them across nodes.
-- Leans on pg_index.
SELECT c.relname AS table_name, i.relname AS index_name
  FROM pg_index x
  JOIN pg_class c ON c.oid = x.indrelid
  JOIN pg_class i ON i.oid = x.indexrelid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%(tables)s::text[])
   AND (x.indisunique OR x.indisexclusion)
   AND NOT EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attname = %(column)s::text AND a.attnum = ANY (x.indkey::smallint[]))
 ORDER BY 1, 2
