-- At most one row: status, version, end and the event the history stops at, of a user's job.
-- Leans on the primary key of scraping_jobs.
SELECT status, version, unfolded_event_id, timeout_at
  FROM scraping_jobs
 WHERE id = %(id)s::uuid AND user_id = %(user_id)s
