-- Condition on jobs: behind the cursor.
-- Leans on scraping_jobs_listed, scraping_jobs_status and scraping_jobs_campaign.
(j.created_at, j.id) < (%(key_place)s::timestamptz, %(key_id)s::uuid)
