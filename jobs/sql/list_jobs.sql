-- Rows: the newest jobs of some statuses (all when none is named) and of one type (any when null).
-- Leans on background_jobs_listed.
SELECT id, type, payload, status, priority, max_retries, retry_count, scheduled_for, started_at,
          completed_at, failed_at, error, result, created_at, updated_at
  FROM background_jobs
 WHERE (%(statuses)s::text[] = '{}' OR status = ANY (%(statuses)s::text[]))
   AND (%(type)s::text IS NULL OR type = %(type)s::text)
 ORDER BY created_at DESC, id DESC
 LIMIT %(limit)s::integer
