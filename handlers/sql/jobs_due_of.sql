-- Rows: id, user_id, timeout_at of some users' jobs that run past their end, in order of the end.
-- Leans on scraping_jobs_status.
SELECT id, user_id, timeout_at
  FROM scraping_jobs
 WHERE user_id = ANY (%(users)s::text[]) AND status IN ('pending', 'processing')
   AND timeout_at <= %(now)s::timestamptz AND unfolded_event_id IS NULL
 ORDER BY timeout_at, id
