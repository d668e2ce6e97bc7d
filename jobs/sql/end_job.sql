-- One row when this worker still has the lease: the job's id.
-- Leans on the primary key of background_jobs.
   UPDATE background_jobs
      SET status = %(status)s::text, result = %(result)s::jsonb, error = NULL,
          completed_at = CASE WHEN %(status)s::text = 'completed' THEN %(now)s::timestamptz END,
          lease_token = NULL, lease_slot = NULL, lease_expires_at = NULL, leased_by = NULL,
          updated_at = %(now)s::timestamptz
    WHERE id = %(id)s::uuid AND lease_token = %(token)s::uuid
RETURNING id
