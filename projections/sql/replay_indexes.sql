-- Rows: definitions of a live table's other indexes, its name unqualified, for its twin.
-- Leans on pg_index_indrelid_index.
SELECT pg_get_indexdef(i.indexrelid, 0, true)
  FROM pg_index i
 WHERE i.indrelid = format('public.%%I', %(table)s::text)::regclass AND i.indisvalid
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
 ORDER BY i.indexrelid
