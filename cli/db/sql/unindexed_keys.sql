-- Rows: foreign keys no index begins with: a deleted parent reads their whole table.
-- Leans on the system catalogs.
SELECT k.conname::text AS "constraint", t.relname::text AS "table",
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS key (attnum, place)
               JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.attnum ORDER BY key.place) AS columns
  FROM pg_constraint k
  JOIN pg_class t ON t.oid = k.conrelid
 WHERE k.contype = 'f' AND t.relnamespace = current_schema()::regnamespace
   AND NOT EXISTS (SELECT FROM pg_index i
                    WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
                      AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
                      AND k.conkey @> (i.indkey::int2[])[0:cardinality(k.conkey) - 1])
 ORDER BY 2, 1
