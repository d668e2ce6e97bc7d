-- Rows, the largest first: what each table of the current schema holds, weighs and wastes (dead and bloat are estimates).
-- Leans on the system catalogs and statistics.
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
