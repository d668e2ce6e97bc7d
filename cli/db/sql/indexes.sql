-- Rows, the largest first: every index of the current schema, what for and how often it was used.
-- Leans on the system catalogs and statistics.
SELECT c.relname::text AS "index", t.relname::text AS "table", am.amname::text AS method, pg_relation_size(c.oid) AS bytes,
       coalesce(s.idx_scan, 0) AS scans, i.indisunique AS is_unique, i.indisvalid AS is_valid,
       EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid) AS is_constraint,
       ARRAY(SELECT coalesce(a.attname::text, '(expression)')
               FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS key (attnum, place)
               LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.attnum AND key.attnum > 0
              ORDER BY key.place) AS columns,
       i.indpred IS NOT NULL AS is_partial,
       pg_get_indexdef(c.oid) AS definition
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_am am ON am.oid = c.relam
  LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = c.oid
 WHERE c.relnamespace = current_schema()::regnamespace
 ORDER BY pg_relation_size(c.oid) DESC, c.relname
