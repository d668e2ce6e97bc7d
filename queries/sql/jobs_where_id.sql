-- Condition on jobs: that one.
-- Leans on the primary key of scraping_jobs.
j.id = %(id)s::uuid
