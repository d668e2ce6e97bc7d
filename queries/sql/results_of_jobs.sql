-- Rows: the first results of each of some jobs, oldest first, without the creators.
-- Leans on scraping_results_job.
SELECT r.id, r.job_id, r.creators_count, r.digest, r.created_at
  FROM unnest(%(jobs)s::uuid[]) AS wanted (id)
 CROSS JOIN LATERAL (
       SELECT id, job_id, creators_count, digest, created_at FROM scraping_results
        WHERE scraping_results.job_id = wanted.id
        ORDER BY created_at, id
        LIMIT %(limit)s) AS r
