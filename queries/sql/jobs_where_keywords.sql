-- Condition on jobs: all of these keywords are among theirs.
-- Leans on scraping_jobs_keywords.
j.keywords @> %(keywords)s::jsonb
