-- Rows: schema of a rebuild that was not finished (null where there is none), whether a replay is running.
-- Leans on pg_namespace and on the name that replays give their sessions.
SELECT n.nspname::text, a.running
  FROM (SELECT EXISTS (SELECT FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name = 'tenure-replay') AS running) a
  LEFT JOIN pg_namespace n ON n.nspname IN ('tenure_shadow', 'tenure_check')
