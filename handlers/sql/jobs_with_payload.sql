-- Rows: id of those of these background jobs that exist and are not erased.
-- Leans on the primary key of background_jobs.
SELECT j.id FROM background_jobs j WHERE j.id = ANY (%(ids)s::uuid[]) AND j.payload <> '{}'
