-- Condition on jobs: platform.
-- Leans on scraping_jobs_listed: one user's jobs are few.
j.platform = %(platform)s::text
