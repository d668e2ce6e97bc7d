-- Source of a search for jobs.
-- Leans on the conditions after it.
  FROM scraping_jobs j
