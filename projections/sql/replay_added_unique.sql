-- Rows: name, table, and the statement that drops it, of unique and exclusion indexes of these tables that no migration made.
-- Leans on pg_index_indrelid_index and pg_constraint_contypid_index.
SELECT index.relname::text, live.relname::text,
       CASE WHEN k.oid IS NULL THEN format('DROP INDEX %%I', index.relname)
            ELSE format('ALTER TABLE %%I DROP CONSTRAINT %%I', live.relname, k.conname) END
  FROM pg_index i
  JOIN pg_class index ON index.oid = i.indexrelid
  JOIN pg_class live ON live.oid = i.indrelid AND live.relnamespace = 'public'::regnamespace
  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('u', 'x')
 WHERE live.relname = ANY (%(tables)s::text[]) AND (i.indisunique OR i.indisexclusion) AND NOT i.indisprimary
   AND NOT index.relname = ANY (%(own)s::text[])
 ORDER BY live.relname, index.relname
