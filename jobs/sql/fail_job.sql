-- One row when this worker still has the lease: the job's id. A postponed job counts no retry.
-- Leans on the primary key of background_jobs.
   UPDATE background_jobs
      SET status = %(status)s::text, retry_count = %(retry_count)s::integer,
          scheduled_for = %(scheduled_for)s::timestamptz, error = %(error)s::text,
          failed_at = CASE WHEN %(status)s::text = 'pending' THEN failed_at ELSE %(now)s::timestamptz END,
          lease_token = NULL, lease_slot = NULL, lease_expires_at = NULL, leased_by = NULL,
          updated_at = %(now)s::timestamptz
    WHERE id = %(id)s::uuid AND lease_token = %(token)s::uuid
RETURNING id
