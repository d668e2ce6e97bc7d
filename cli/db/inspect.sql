-- name: database
-- One row: the database and its server.
-- Uses the statistics.
SELECT current_database()::text AS "database", current_setting('server_version') AS server_version,
       pg_database_size(current_database()) AS bytes,
       round(100.0 * d.blks_hit / nullif(d.blks_hit + d.blks_read, 0), 1)::text AS cache_hit_percent,
       d.numbackends AS connections, current_setting('max_connections')::int AS most_connections,
       d.deadlocks, d.temp_bytes, d.stats_reset
  FROM pg_stat_database d WHERE d.datname = current_database()

-- name: has_statements
-- One row: schema of pg_stat_statements where it is installed here.
-- Uses the system catalog.
SELECT n.nspname::text AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'pg_stat_statements'

-- name: indexes
-- Rows, the largest first: every index of the current schema, what for and how often it was used.
-- Uses the system catalogs and statistics.
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

-- name: slow_queries
-- Rows, those that took most time in all first: calls, mean_ms, total_ms, rows, query.
-- Uses pg_stat_statements, wherever it is installed.
SELECT calls, round(mean_exec_time::numeric, 2)::text AS mean_ms, round(total_exec_time::numeric)::text AS total_ms, rows,
       left(query, 300) AS query
  FROM {statements}
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
 ORDER BY total_exec_time DESC
 LIMIT %(limit)s

-- name: tables
-- Rows, the largest first: what each table of the current schema holds, weighs and wastes (dead and bloat are estimates).
-- Uses the system catalogs and statistics.
WITH widths AS (
    SELECT s.tablename, sum((1 - s.null_frac) * s.avg_width) AS bytes
      FROM pg_stats s WHERE s.schemaname = current_schema() GROUP BY s.tablename
)
SELECT c.relname::text AS "table", greatest(c.reltuples, 0)::bigint AS rows_estimate,
       pg_total_relation_size(c.oid) AS total_bytes, pg_relation_size(c.oid) AS table_bytes,
       pg_indexes_size(c.oid) AS index_bytes,
       pg_total_relation_size(c.oid) - pg_relation_size(c.oid) - pg_indexes_size(c.oid) AS other_bytes,
       coalesce(t.n_dead_tup, 0) AS dead_rows,
       CASE WHEN c.reltuples > 0 AND w.bytes IS NOT NULL THEN
            greatest(0, pg_relation_size(c.oid)
                        - ceil(c.reltuples * (28 + w.bytes) * 100
                               / coalesce(substring(array_to_string(c.reloptions, ',') FROM 'fillfactor=(\d+)')::numeric, 100)))::bigint
       END AS bloat_bytes_estimate,
       CASE WHEN i.heap_blks_hit + i.heap_blks_read > 0
            THEN round(100.0 * i.heap_blks_hit / (i.heap_blks_hit + i.heap_blks_read), 1)::text END AS cache_hit_percent,
       t.seq_scan AS sequential_scans, t.idx_scan AS index_scans,
       greatest(t.last_vacuum, t.last_autovacuum) AS last_vacuum, greatest(t.last_analyze, t.last_autoanalyze) AS last_analyze
  FROM pg_class c
  LEFT JOIN widths w ON w.tablename = c.relname
  LEFT JOIN pg_stat_user_tables t ON t.relid = c.oid
  LEFT JOIN pg_statio_user_tables i ON i.relid = c.oid
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
 ORDER BY pg_total_relation_size(c.oid) DESC, c.relname

-- name: unindexed_keys
-- Rows: foreign keys no index begins with: a deleted parent reads their whole table.
-- Uses the system catalogs.
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
