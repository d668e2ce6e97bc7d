-- Rows: every handler that has run.
-- Leans on nothing: there are few handlers.
SELECT name, nullif(last_due_at, '-infinity') AS last_due_at, last_started_at, last_finished_at,
       last_failed_at, failures, runs, error, result, ran_by
  FROM schedule_runs
 ORDER BY name
