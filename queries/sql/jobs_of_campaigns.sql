-- Rows: the newest jobs of each of some campaigns, newest first, without their JSON.
-- Leans on scraping_jobs_campaign.
SELECT j.id, j.user_id, j.run_id, j.status, j.platform, j.region, j.campaign_id, j.target_username, j.processed_results,
       j.target_results, j.progress, j.creators_recorded, j.error, j.version, j.created_at, j.started_at, j.completed_at,
       j.timeout_at, j.updated_at
  FROM unnest(%(campaigns)s::uuid[]) AS wanted (id)
 CROSS JOIN LATERAL (
       SELECT * FROM scraping_jobs
        WHERE scraping_jobs.campaign_id = wanted.id
        ORDER BY created_at DESC, id DESC
        LIMIT %(limit)s) AS j
