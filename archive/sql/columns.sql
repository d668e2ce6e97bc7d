-- Rows: column_name in order, is_key (part of the primary key), of one table of the current schema.
-- Leans on the system catalogs by name.
SELECT a.attname AS column_name,
       coalesce(a.attnum = ANY (i.indkey), false) AS is_key
  FROM pg_attribute a
  LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
 WHERE a.attrelid = to_regclass(%(table)s) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 ORDER BY a.attnum
