-- name: campaigns
-- One row per campaign; stale: its history stops at an event that cannot be folded.
-- Uses campaigns_listed where the owner is given.
SELECT c.id, c.user_id, c.name, c.description, c.search_type, c.status, c.version,
       c.unfolded_event_id IS NOT NULL AS stale, c.created_at, c.updated_at
  FROM campaigns c

-- name: jobs
-- One row per scraping job; wide: its JSON columns, or nothing. stale: its history stops at an event that cannot be folded.
-- Uses an index of scraping_jobs for each filter but region and platform.
SELECT j.id, j.user_id, j.run_id, j.status, j.platform, j.region, j.campaign_id, j.target_username, j.qstash_message_id,
       j.processed_runs, j.processed_results, j.target_results, j.cursor, j.progress, j.creators_recorded, j.error, j.version,
       j.unfolded_event_id IS NOT NULL AS stale, j.created_at, j.started_at, j.completed_at, j.timeout_at, j.updated_at
       {wide}
  FROM scraping_jobs j

-- name: jobs_of_campaigns
-- Rows: the newest jobs of each of some campaigns, newest first, without their JSON.
-- Uses scraping_jobs_campaign.
SELECT j.id, j.user_id, j.run_id, j.status, j.platform, j.region, j.campaign_id, j.target_username, j.processed_results,
       j.target_results, j.progress, j.creators_recorded, j.error, j.version, j.created_at, j.started_at, j.completed_at,
       j.timeout_at, j.updated_at
  FROM unnest(%(campaigns)s::uuid[]) AS wanted (id)
 CROSS JOIN LATERAL (
       SELECT * FROM scraping_jobs
        WHERE scraping_jobs.campaign_id = wanted.id
        ORDER BY created_at DESC, id DESC
        LIMIT %(limit)s) AS j
