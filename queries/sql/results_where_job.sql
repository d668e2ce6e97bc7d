-- Condition on results: of a user's job.
-- Leans on scraping_results_job.
r.job_id = %(job_id)s::uuid AND j.user_id = %(user_id)s::text
