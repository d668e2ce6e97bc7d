-- No rows; the columns of jobs that change while they run; the wide columns are not touched.
-- Leans on the primary key of scraping_jobs.
UPDATE scraping_jobs AS j
   SET run_id = v.run_id,
       status = v.status,
       qstash_message_id = v.qstash_message_id,
       processed_runs = v.processed_runs,
       processed_results = v.processed_results,
       cursor = v.cursor,
       progress = v.progress,
       creators_recorded = v.creators_recorded,
       error = v.error,
       version = v.version,
       unfolded_event_id = v.unfolded_event_id,
       started_at = v.started_at,
       completed_at = v.completed_at,
       timeout_at = v.timeout_at,
       updated_at = v.updated_at
  FROM json_populate_recordset(NULL::scraping_jobs, %(rows)s::json) AS v
 WHERE j.id = v.id AND j.user_id = v.user_id
