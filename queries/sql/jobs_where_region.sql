-- Condition on jobs: region.
-- Leans on scraping_jobs_listed: one user's jobs are few.
j.region = %(region)s::text
