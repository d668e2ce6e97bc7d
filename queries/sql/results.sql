-- One row per result of a job; wide: its creators and their size, or nothing.
-- Uses scraping_results_job.
SELECT r.id, r.job_id, r.creators_count, r.digest, r.created_at
       {wide}
  FROM scraping_results r
  JOIN scraping_jobs j ON j.id = r.job_id
