-- Condition on jobs: whose.
-- Leans on scraping_jobs_listed.
j.user_id = %(user_id)s::text
