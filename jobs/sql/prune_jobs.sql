-- One row for each job deleted, at most ten thousand per call.
-- Leans on background_jobs_ended.
DELETE FROM background_jobs
 WHERE id IN (SELECT id FROM background_jobs
               WHERE status IN ('completed', 'cancelled') AND updated_at < %(before)s::timestamptz
               ORDER BY updated_at
               LIMIT 10000
                 FOR UPDATE SKIP LOCKED)
RETURNING id
