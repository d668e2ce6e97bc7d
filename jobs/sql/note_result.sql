-- One row when this worker still has the lease: the job's id.
-- Leans on the primary key of background_jobs.
   UPDATE background_jobs
      SET result = %(result)s::jsonb, updated_at = %(now)s::timestamptz
    WHERE id = %(id)s::uuid AND lease_token = %(token)s::uuid
RETURNING id
