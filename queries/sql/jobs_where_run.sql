-- Condition on jobs: the scraper's run.
-- Leans on scraping_jobs_run.
j.run_id = %(run_id)s::text
