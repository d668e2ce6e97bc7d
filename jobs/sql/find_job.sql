-- At most one row: the job.
-- Leans on the primary key of background_jobs.
SELECT id, type, payload, status, priority, max_retries, retry_count, scheduled_for, started_at,
          completed_at, failed_at, error, result, created_at, updated_at
  FROM background_jobs
 WHERE id = %(id)s::uuid
