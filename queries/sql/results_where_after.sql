-- Condition on results: behind the cursor.
-- Leans on scraping_results_job.
(r.created_at, r.id) > (%(key_place)s::timestamptz, %(key_id)s::uuid)
