-- Rows: columns of a table's primary key, in its order.
-- Leans on pg_index_indrelid_index.
SELECT a.attname
  FROM pg_index i
 CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
 WHERE i.indrelid = format('%%I.%%I', %(schema)s::text, %(table)s::text)::regclass AND i.indisprimary
 ORDER BY k.place
