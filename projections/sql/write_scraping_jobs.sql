-- No rows; jobs as their folds give them, whole. A campaign that does not exist, or is another user's, is not referenced.
-- Leans on the primary keys of scraping_jobs and campaigns.
INSERT INTO scraping_jobs (
       id, user_id, run_id, status, keywords, platform, region, campaign_id, asked_campaign_id, target_username,
       search_params, qstash_message_id, processed_runs, processed_results, target_results, cursor, progress,
       creators_recorded, error, version, unfolded_event_id, created_at, started_at, completed_at, timeout_at, updated_at)
SELECT v.id, v.user_id, v.run_id, v.status, v.keywords, v.platform, v.region, c.id, v.asked_campaign_id, v.target_username,
       v.search_params, v.qstash_message_id, v.processed_runs, v.processed_results, v.target_results, v.cursor, v.progress,
       v.creators_recorded, v.error, v.version, v.unfolded_event_id, v.created_at, v.started_at, v.completed_at, v.timeout_at, v.updated_at
  FROM json_populate_recordset(NULL::scraping_jobs, %(rows)s::json) AS v
  LEFT JOIN campaigns c ON c.id = v.asked_campaign_id AND c.user_id = v.user_id
    ON CONFLICT (id) DO UPDATE
   SET run_id = EXCLUDED.run_id,
       status = EXCLUDED.status,
       keywords = EXCLUDED.keywords,
       platform = EXCLUDED.platform,
       region = EXCLUDED.region,
       campaign_id = EXCLUDED.campaign_id,
       asked_campaign_id = EXCLUDED.asked_campaign_id,
       target_username = EXCLUDED.target_username,
       search_params = EXCLUDED.search_params,
       qstash_message_id = EXCLUDED.qstash_message_id,
       processed_runs = EXCLUDED.processed_runs,
       processed_results = EXCLUDED.processed_results,
       target_results = EXCLUDED.target_results,
       cursor = EXCLUDED.cursor,
       progress = EXCLUDED.progress,
       creators_recorded = EXCLUDED.creators_recorded,
       error = EXCLUDED.error,
       version = EXCLUDED.version,
       unfolded_event_id = EXCLUDED.unfolded_event_id,
       created_at = EXCLUDED.created_at,
       started_at = EXCLUDED.started_at,
       completed_at = EXCLUDED.completed_at,
       timeout_at = EXCLUDED.timeout_at,
       updated_at = EXCLUDED.updated_at
 WHERE scraping_jobs.user_id = EXCLUDED.user_id
