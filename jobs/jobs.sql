-- name: enqueue
-- At most one row: id of the new job; none when the dedupe key is taken.
-- Uses background_jobs_once.
INSERT INTO background_jobs (id, type, payload, priority, max_retries, scheduled_for, dedupe_key, created_at, updated_at)
VALUES (%(id)s::uuid, %(type)s::text, %(payload)s::jsonb, %(priority)s::integer, %(max_retries)s::integer,
        %(scheduled_for)s::timestamptz, %(dedupe_key)s::text, %(now)s::timestamptz, %(now)s::timestamptz)
    ON CONFLICT ON CONSTRAINT background_jobs_once DO NOTHING
RETURNING id
