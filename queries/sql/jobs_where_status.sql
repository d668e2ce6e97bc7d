-- Condition on jobs: status.
-- Leans on scraping_jobs_status.
j.status = %(status)s::text
