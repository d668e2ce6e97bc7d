-- Condition on jobs: behind the cursor.
-- Leans on scraping_jobs_listed, scraping_jobs_status, scraping_jobs_campaign and scraping_jobs_newest.
(j.created_at, j.id) < (%(key_place)s::timestamptz, %(key_id)s::uuid)
