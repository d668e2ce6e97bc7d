-- Rows: id, user_id, timeout_at of jobs that run past their end, in order of the end.
-- Leans on scraping_jobs_due.
SELECT id, user_id, timeout_at
  FROM scraping_jobs
 WHERE status IN ('pending', 'processing') AND timeout_at IS NOT NULL AND timeout_at <= %(now)s::timestamptz
   AND unfolded_event_id IS NULL AND (timeout_at, id) > (%(after_at)s::timestamptz, %(after_id)s::uuid)
 ORDER BY timeout_at, id
 LIMIT %(limit)s::integer
