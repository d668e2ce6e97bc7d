-- At most one row: the most urgent due job of a known type, now leased to this worker.
-- Leans on background_jobs_urgent, or on background_jobs_due when few are due.
   UPDATE background_jobs
      SET status = 'processing', started_at = %(now)s::timestamptz, updated_at = %(now)s::timestamptz,
          lease_token = %(token)s::uuid, lease_slot = %(slot)s::integer, leased_by = %(worker)s::text,
          lease_expires_at = clock_timestamp() + (%(limits)s::jsonb ->> type)::double precision * interval '1 second'
    WHERE id = (SELECT id FROM background_jobs
                 WHERE status IN ('pending', 'failed') AND scheduled_for <= %(now)s::timestamptz
                   AND type = ANY (%(types)s::text[])
                 ORDER BY priority DESC, scheduled_for, id
                 LIMIT 1
                   FOR UPDATE SKIP LOCKED)
RETURNING id, type, payload, status, priority, max_retries, retry_count, scheduled_for, started_at,
          completed_at, failed_at, error, result, created_at, updated_at
