-- One row: the database and its server.
-- Leans on the statistics.
SELECT current_database()::text AS "database", current_setting('server_version') AS server_version,
       pg_database_size(current_database()) AS bytes,
       round(100.0 * d.blks_hit / nullif(d.blks_hit + d.blks_read, 0), 1)::text AS cache_hit_percent,
       d.numbackends AS connections, current_setting('max_connections')::int AS most_connections,
       d.deadlocks, d.temp_bytes, d.stats_reset
  FROM pg_stat_database d WHERE d.datname = current_database()
