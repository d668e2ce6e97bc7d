-- One row per scraping job; wide: its JSON columns, or nothing. stale: its history stops at an event that cannot be folded.
-- Uses an index of scraping_jobs for each filter but region and platform.
SELECT j.id, j.user_id, j.run_id, j.status, j.platform, j.region, j.campaign_id, j.target_username, j.qstash_message_id,
       j.processed_runs, j.processed_results, j.target_results, j.cursor, j.progress, j.creators_recorded, j.error, j.version,
       j.unfolded_event_id IS NOT NULL AS stale, j.created_at, j.started_at, j.completed_at, j.timeout_at, j.updated_at
       {wide}
  FROM scraping_jobs j
