-- Rows: existing jobs, without the columns that never change.
-- Leans on the primary key of scraping_jobs.
SELECT id, user_id, version, unfolded_event_id::text, created_at, updated_at, run_id, status, asked_campaign_id,
       qstash_message_id, processed_runs, processed_results, cursor, progress::text, creators_recorded, error,
       started_at, completed_at, timeout_at
  FROM scraping_jobs
 WHERE id = ANY (%(ids)s::uuid[])
