-- name: foreign_keys_across
-- Rows: foreign keys between a table that is distributed and one that is not.
-- Uses pg_constraint.
SELECT k.conname AS name, k.conrelid::regclass::text AS table_name
  FROM pg_constraint k
  JOIN pg_class a ON a.oid = k.conrelid
  JOIN pg_class b ON b.oid = k.confrelid
 WHERE k.contype = 'f' AND (a.relname = ANY (%(tables)s::text[])) <> (b.relname = ANY (%(tables)s::text[]))

-- name: keys_without_part
-- Rows: unique indexes of these tables that the column is no part of; Citus can't keep them across nodes.
-- Uses pg_index.
SELECT c.relname AS table_name, i.relname AS index_name
  FROM pg_index x
  JOIN pg_class c ON c.oid = x.indrelid
  JOIN pg_class i ON i.oid = x.indexrelid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%(tables)s::text[])
   AND (x.indisunique OR x.indisexclusion)
   AND NOT EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attname = %(column)s::text AND a.attnum = ANY (x.indkey::smallint[]))
 ORDER BY 1, 2

-- name: tables_without_part
-- Rows: those of these tables that are not there, or have no such column.
-- Uses pg_attribute.
SELECT wanted.name
  FROM unnest(%(tables)s::text[]) AS wanted (name)
 WHERE NOT EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = to_regclass('public.' || quote_ident(wanted.name))
                      AND a.attname = %(column)s::text AND NOT a.attisdropped)
