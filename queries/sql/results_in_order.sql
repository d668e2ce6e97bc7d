-- Closing of a page of results: oldest first.
-- Leans on scraping_results_job.
 ORDER BY r.created_at, r.id
