-- Source of a search for results; whose they are is the job's word.
-- Leans on the primary key of scraping_jobs.
  FROM scraping_results r
  JOIN scraping_jobs j ON j.id = r.job_id
