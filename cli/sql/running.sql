-- One row a part of the service that is connected to this database now.
-- Leans on the names our connections give themselves.
SELECT DISTINCT CASE application_name
                     WHEN 'tenure-work' THEN 'projector'
                     WHEN 'tenure-scheduler' THEN 'scheduler'
                     WHEN 'tenure-jobs' THEN 'jobs'
                     ELSE 'web' END AS part
  FROM pg_stat_activity
 WHERE datname = current_database()
   AND application_name IN ('tenure-web', 'tenure-doors', 'tenure-work', 'tenure-scheduler', 'tenure-jobs')
 ORDER BY 1
