-- One row: the job after the update.
-- Leans on the primary key of background_jobs.
   UPDATE background_jobs
      SET status = 'cancelled', error = %(reason)s::text, updated_at = %(now)s::timestamptz
    WHERE id = %(id)s::uuid
RETURNING id, type, payload, status, priority, max_retries, retry_count, scheduled_for, started_at,
          completed_at, failed_at, error, result, created_at, updated_at
