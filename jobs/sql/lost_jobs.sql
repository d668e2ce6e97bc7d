-- Rows: running jobs whose worker is gone (its advisory lock is released) or too slow, each locked.
-- Leans on background_jobs_running.
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
