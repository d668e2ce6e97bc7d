-- Closing of a page of jobs: newest first.
-- Leans on scraping_jobs_listed, scraping_jobs_status and scraping_jobs_campaign.
 ORDER BY j.created_at DESC, j.id DESC
