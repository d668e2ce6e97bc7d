-- Closing of a page of jobs: newest first.
-- Leans on scraping_jobs_listed, scraping_jobs_status, scraping_jobs_campaign and scraping_jobs_newest.
 ORDER BY j.created_at DESC, j.id DESC
