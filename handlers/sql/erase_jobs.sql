-- No rows; empties some jobs, and cancels those that wait.
-- Leans on the primary key of background_jobs.
UPDATE background_jobs
   SET payload = '{}', result = NULL, error = NULL, updated_at = %(now)s::timestamptz,
       status = CASE WHEN status IN ('pending', 'failed') THEN 'cancelled' ELSE status END
 WHERE id = ANY (%(ids)s::uuid[])
