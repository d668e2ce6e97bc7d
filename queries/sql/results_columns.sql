-- Columns of a result but for the creators.
-- Leans on results_source.
SELECT r.id, r.job_id, r.creators_count, r.digest, r.created_at
