-- No rows; deletes the results of one user's scraping jobs.
-- Leans on events_stream and scraping_results_job.
DELETE FROM scraping_results r
 WHERE r.job_id::text IN (SELECT e.aggregate_id FROM events e
                           WHERE e.part = %(part)s::smallint AND e.route_key = %(user_id)s::text
                             AND e.source_system = 'tenure' AND e.event_type LIKE 'job.%%')
