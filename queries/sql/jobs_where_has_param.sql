-- Condition on jobs: search_params has that key.
-- Leans on scraping_jobs_search_params.
j.search_params ? %(has_param)s::text
