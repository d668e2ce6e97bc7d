-- One row: events in the log, and what somebody should look at. Cheap enough for every scrape.
-- Leans on the 64 rows of part_heads; the other tables are small unless something is wrong.
SELECT (SELECT coalesce(sum(head), 0) FROM part_heads)::bigint AS log_events,
       (SELECT count(*) FROM quarantine)                       AS quarantined_users,
       (SELECT count(*) FROM event_conflicts)                  AS event_conflicts,
       (SELECT count(*) FROM unreadable_deliveries)            AS unreadable_deliveries,
       (SELECT count(*) FROM background_jobs WHERE status IN ('pending', 'failed')) AS jobs_waiting,
       (SELECT count(*) FROM background_jobs WHERE status = 'dead') AS jobs_dead,
       (SELECT count(*) FROM schedule_runs WHERE failures > 0 OR result ? 'failed') AS schedule_failing
