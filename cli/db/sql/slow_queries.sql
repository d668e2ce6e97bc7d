-- Rows, those that took most time in all first: calls, mean_ms, total_ms, rows, query.
-- Leans on pg_stat_statements, wherever it is installed.
SELECT calls, round(mean_exec_time::numeric, 2)::text AS mean_ms, round(total_exec_time::numeric)::text AS total_ms, rows,
       left(query, 300) AS query
  FROM {statements}
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
 ORDER BY total_exec_time DESC
 LIMIT %(limit)s
