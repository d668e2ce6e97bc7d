-- name: claim_job
-- At most one row: the most urgent due job of a known type, now leased to this worker.
-- Uses background_jobs_urgent, or on background_jobs_due when few are due.
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

-- name: end_job
-- One row when this worker still has the lease: the job's id.
-- Uses the primary key of background_jobs.
   UPDATE background_jobs
      SET status = %(status)s::text, result = %(result)s::jsonb, error = NULL,
          completed_at = CASE WHEN %(status)s::text = 'completed' THEN %(now)s::timestamptz END,
          lease_token = NULL, lease_slot = NULL, lease_expires_at = NULL, leased_by = NULL,
          updated_at = %(now)s::timestamptz
    WHERE id = %(id)s::uuid AND lease_token = %(token)s::uuid
RETURNING id

-- name: fail_job
-- One row when this worker still has the lease: the job's id. A postponed job counts no retry.
-- Uses the primary key of background_jobs.
   UPDATE background_jobs
      SET status = %(status)s::text, retry_count = %(retry_count)s::integer,
          scheduled_for = %(scheduled_for)s::timestamptz, error = %(error)s::text,
          failed_at = CASE WHEN %(status)s::text = 'pending' THEN failed_at ELSE %(now)s::timestamptz END,
          lease_token = NULL, lease_slot = NULL, lease_expires_at = NULL, leased_by = NULL,
          updated_at = %(now)s::timestamptz
    WHERE id = %(id)s::uuid AND lease_token = %(token)s::uuid
RETURNING id

-- name: lost_jobs
-- Rows: running jobs whose worker is gone (its advisory lock is released) or too slow, each locked.
-- Uses background_jobs_running.
SELECT id, type, payload, status, priority, max_retries, retry_count, scheduled_for, started_at,
          completed_at, failed_at, error, result, created_at, updated_at, lease_token, leased_by,
       lease_expires_at < clock_timestamp() AS is_overdue
  FROM background_jobs j
 WHERE status = 'processing'
   AND (lease_expires_at < clock_timestamp()
        OR NOT EXISTS (SELECT FROM pg_locks l
                        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
                          AND l.classid = %(class)s::integer::oid AND l.objid = j.lease_slot::oid
                          AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())))
 ORDER BY started_at
 LIMIT 100
   FOR UPDATE OF j SKIP LOCKED

-- name: note_result
-- One row when this worker still has the lease: the job's id.
-- Uses the primary key of background_jobs.
   UPDATE background_jobs
      SET result = %(result)s::jsonb, updated_at = %(now)s::timestamptz
    WHERE id = %(id)s::uuid AND lease_token = %(token)s::uuid
RETURNING id

-- name: take_slot
-- One row: whether this session now holds that advisory lock, until it ends.
-- Uses no index.
SELECT pg_try_advisory_lock(%(class)s::integer, %(slot)s::integer) AS taken
