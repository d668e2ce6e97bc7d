-- name: columns
-- Rows: column_name in order, is_key (part of the primary key), of one table of the current schema.
-- Uses the system catalogs by name.
SELECT a.attname AS column_name,
       coalesce(a.attnum = ANY (i.indkey), false) AS is_key
  FROM pg_attribute a
  LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
 WHERE a.attrelid = to_regclass(%(table)s) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 ORDER BY a.attnum

-- name: may_write_log
-- One row: whether this login may write the log itself, past append_event().
-- Uses the rights of the tables.
SELECT has_table_privilege('events', 'INSERT') AND has_table_privilege('part_heads', 'UPDATE')
       AND row_security_active('events') IS NOT TRUE AS allowed

-- name: read_heads
-- 64 rows: part, head.
-- Uses the primary key of part_heads.
SELECT part, head FROM part_heads ORDER BY part
