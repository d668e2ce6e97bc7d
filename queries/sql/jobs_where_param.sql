-- Condition on jobs: search_params holds a value at a path, as text or as the number or boolean the text is.
-- Leans on scraping_jobs_search_params.
(j.search_params @> %(param_text)s::jsonb OR j.search_params @> %(param_value)s::jsonb)
