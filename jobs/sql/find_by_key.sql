-- At most one row: id of the job with that dedupe key.
-- Leans on background_jobs_once.
SELECT id FROM background_jobs WHERE dedupe_key = %(dedupe_key)s::text
