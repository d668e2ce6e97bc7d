-- Rows: foreign keys between a table that is distributed and one that is not.
-- Leans on pg_constraint.
SELECT k.conname AS name, k.conrelid::regclass::text AS table_name
  FROM pg_constraint k
  JOIN pg_class a ON a.oid = k.conrelid
  JOIN pg_class b ON b.oid = k.confrelid
 WHERE k.contype = 'f' AND (a.relname = ANY (%(tables)s::text[])) <> (b.relname = ANY (%(tables)s::text[]))
