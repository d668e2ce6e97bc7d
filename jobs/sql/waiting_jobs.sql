-- Rows: status, type, count, and the longest overdue due time of each.
-- Leans on nothing: operators run it.
SELECT status, type, count(*) AS jobs, min(scheduled_for) FILTER (WHERE status IN ('pending', 'failed')) AS oldest_due_at
  FROM background_jobs
 GROUP BY status, type
 ORDER BY status, type
