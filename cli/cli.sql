-- name: abandoned_scratch
-- Rows: names of temporary databases that no session uses; their command stays connected to them. Only those of
-- this login, which it may drop.
-- Uses pg_database and pg_stat_activity, which show all databases of the server.
SELECT d.datname::text FROM pg_database d
 WHERE d.datname ~ %(pattern)s AND d.datdba = (SELECT oid FROM pg_roles WHERE rolname = current_user)
   AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)
 ORDER BY 1

-- name: provider_events
-- One row: whether a provider ever delivered anything.
-- Uses events_idempotency, one probe per part until the first hit.
SELECT EXISTS (SELECT 1 FROM part_heads h
                WHERE EXISTS (SELECT 1 FROM events e
                               WHERE e.part = h.part AND e.source_system IN ('stripe', 'clerk'))) AS any

-- name: running
-- One row a part of the service that is connected to this database now.
-- Uses the names our connections give themselves.
SELECT DISTINCT CASE application_name
                     WHEN 'tenure-work' THEN 'projector'
                     WHEN 'tenure-scheduler' THEN 'scheduler'
                     WHEN 'tenure-jobs' THEN 'jobs'
                     ELSE 'web' END AS part
  FROM pg_stat_activity
 WHERE datname = current_database()
   AND application_name IN ('tenure-web', 'tenure-endpoints', 'tenure-work', 'tenure-scheduler', 'tenure-jobs')
 ORDER BY 1

-- name: service_status
-- One row: how much is in the log and in the tables, and problems that wait for an operator.
-- Uses the primary keys; counts of users and customers read an index once.
SELECT (SELECT coalesce(sum(head), 0) FROM part_heads)::bigint                  AS events,
       (SELECT nullif(max(recorded_at), '-infinity') FROM part_heads)          AS last_recorded_at,
       (SELECT count(*) FROM part_heads h JOIN projection_checkpoints c USING (part)
         WHERE h.head > c.position)                                            AS parts_behind,
       (SELECT coalesce(max(h.head - c.position), 0)
          FROM part_heads h JOIN projection_checkpoints c USING (part))        AS most_behind,
       (SELECT array_agg(DISTINCT projector_version)
          FROM projection_checkpoints WHERE position > 0)                      AS projector_versions,
       (SELECT count(*) FROM users)                                            AS users,
       (SELECT count(*) FROM quarantine)                                       AS quarantined,
       (SELECT count(*) FROM customer_links
         WHERE user_id IS NULL AND NOT owner_left)                             AS unlinked_customers,
       (SELECT count(*) FROM background_jobs WHERE status = 'dead')            AS dead_jobs,
       (SELECT count(*) FROM schedule_runs WHERE failures > 0 OR result ? 'failed') AS failing_handlers,
       (SELECT count(*) FROM event_conflicts)                                  AS conflicts,
       (SELECT count(*) FROM unreadable_deliveries)                            AS unreadable
