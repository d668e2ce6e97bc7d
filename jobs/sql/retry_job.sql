-- One row: the job after the update, due now. Its last error, with the reason, stays until it runs.
-- Leans on the primary key of background_jobs.
   UPDATE background_jobs
      SET status = 'pending', retry_count = 0, scheduled_for = %(now)s::timestamptz, result = NULL,
          error = nullif(concat_ws('; ', error, 'tried again: ' || %(reason)s::text), ''),
          started_at = NULL, updated_at = %(now)s::timestamptz
    WHERE id = %(id)s::uuid
RETURNING id, type, payload, status, priority, max_retries, retry_count, scheduled_for, started_at,
          completed_at, failed_at, error, result, created_at, updated_at
