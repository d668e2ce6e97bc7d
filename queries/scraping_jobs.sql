-- name: results
-- One row per result of a job; wide: its creators and their size, or nothing.
-- Uses scraping_results_job.
SELECT r.id, r.job_id, r.creators_count, r.digest, r.created_at
       {wide}
  FROM scraping_results r
  JOIN scraping_jobs j ON j.id = r.job_id

-- name: results_of_jobs
-- Rows: the first results of each of some jobs, oldest first, without the creators.
-- Uses scraping_results_job.
SELECT r.id, r.job_id, r.creators_count, r.digest, r.created_at
  FROM unnest(%(jobs)s::uuid[]) AS wanted (id)
 CROSS JOIN LATERAL (
       SELECT id, job_id, creators_count, digest, created_at FROM scraping_results
        WHERE scraping_results.job_id = wanted.id
        ORDER BY created_at, id
        LIMIT %(limit)s) AS r

-- name: verify_results
-- Rows: each result of a user's job that is stored or recorded, and whether the two agree; reads the creators.
-- Uses scraping_results_job and events_aggregate.
WITH recorded AS (
    SELECT (e.event_data ->> 'result_id')::uuid AS id, e.id AS event_id, (e.event_data ->> 'count')::bigint AS count,
           e.event_data ->> 'digest' AS digest
      FROM events e
     WHERE e.aggregate_id = %(job_id)s::uuid::text AND e.part = %(part)s::smallint AND e.route_key = %(user_id)s
       AND e.source_system = 'tenure' AND e.event_type = 'job.results_recorded' AND e.event_data IS NOT NULL
), stored AS (
    SELECT r.id, jsonb_array_length(r.creators)::bigint AS count, encode(sha256(convert_to(r.creators::text, 'UTF8')), 'hex') AS digest
      FROM scraping_results r
      JOIN scraping_jobs j ON j.id = r.job_id
     WHERE r.job_id = %(job_id)s::uuid AND j.user_id = %(user_id)s
)
SELECT coalesce(recorded.id, stored.id) AS id, recorded.event_id, recorded.digest AS recorded_digest, stored.digest AS stored_digest,
       CASE WHEN stored.id IS NULL THEN 'missing'
            WHEN recorded.id IS NULL THEN 'unrecorded'
            WHEN (recorded.digest, recorded.count) = (stored.digest, stored.count) THEN 'ok'
            ELSE 'altered' END AS verdict
  FROM recorded
  FULL JOIN stored ON stored.id = recorded.id
 ORDER BY 1
