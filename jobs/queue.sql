-- name: cancel_job
-- One row: the job after the update.
-- Uses the primary key of background_jobs.
   UPDATE background_jobs
      SET status = 'cancelled', error = %(reason)s::text, updated_at = %(now)s::timestamptz
    WHERE id = %(id)s::uuid
RETURNING id, type, payload, status, priority, max_retries, retry_count, scheduled_for, started_at,
          completed_at, failed_at, error, result, created_at, updated_at

-- name: find_by_key
-- At most one row: id of the job with that dedupe key.
-- Uses background_jobs_once.
SELECT id FROM background_jobs WHERE dedupe_key = %(dedupe_key)s::text

-- name: find_job
-- At most one row: the job.
-- Uses the primary key of background_jobs.
SELECT id, type, payload, status, priority, max_retries, retry_count, scheduled_for, started_at,
          completed_at, failed_at, error, result, created_at, updated_at
  FROM background_jobs
 WHERE id = %(id)s::uuid

-- name: list_jobs
-- Rows: the newest jobs of some statuses (all when none is named) and of one type (any when null).
-- Uses background_jobs_listed.
SELECT id, type, payload, status, priority, max_retries, retry_count, scheduled_for, started_at,
          completed_at, failed_at, error, result, created_at, updated_at
  FROM background_jobs
 WHERE (%(statuses)s::text[] = '{}' OR status = ANY (%(statuses)s::text[]))
   AND (%(type)s::text IS NULL OR type = %(type)s::text)
 ORDER BY created_at DESC, id DESC
 LIMIT %(limit)s::integer

-- name: lock_job
-- At most one row: the job, locked until the transaction ends.
-- Uses the primary key of background_jobs.
SELECT id, type, payload, status, priority, max_retries, retry_count, scheduled_for, started_at,
          completed_at, failed_at, error, result, created_at, updated_at
  FROM background_jobs
 WHERE id = %(id)s::uuid
   FOR UPDATE

-- name: prune_jobs
-- One row for each job deleted, at most ten thousand per call.
-- Uses background_jobs_ended.
DELETE FROM background_jobs
 WHERE id IN (SELECT id FROM background_jobs
               WHERE status IN ('completed', 'cancelled') AND updated_at < %(before)s::timestamptz
               ORDER BY updated_at
               LIMIT 10000
                 FOR UPDATE SKIP LOCKED)
RETURNING id

-- name: retry_job
-- One row: the job after the update, due now. Its last error, with the reason, stays until it runs.
-- Uses the primary key of background_jobs.
   UPDATE background_jobs
      SET status = 'pending', retry_count = 0, scheduled_for = %(now)s::timestamptz, result = NULL,
          error = nullif(concat_ws('; ', error, 'tried again: ' || %(reason)s::text), ''),
          started_at = NULL, updated_at = %(now)s::timestamptz
    WHERE id = %(id)s::uuid
RETURNING id, type, payload, status, priority, max_retries, retry_count, scheduled_for, started_at,
          completed_at, failed_at, error, result, created_at, updated_at
