-- name: doctor_guards
-- One row: tables without row-level security, and guards of the log that are off.
-- Uses no index: catalogs.
SELECT ARRAY(SELECT c.relname::text FROM pg_class c
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
              ORDER BY 1)                                                         AS unprotected,
       ARRAY(SELECT t.tgname::text FROM pg_trigger t
              WHERE t.tgrelid = 'public.events'::regclass AND NOT t.tgisinternal AND t.tgenabled <> 'A'
              ORDER BY 1)                                                         AS guards_off,
       (SELECT count(*) FROM pg_trigger t
         WHERE t.tgrelid = 'public.events'::regclass AND NOT t.tgisinternal)      AS guards

-- name: doctor_replica
-- One row: whether this server replays another's log, how far it is, and when it replayed last.
-- Uses the 64 rows of part_heads.
SELECT pg_is_in_recovery()                                                    AS in_recovery,
       CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END       AS paused,
       clock_timestamp() - pg_last_xact_replay_timestamp()                    AS replayed_ago,
       ARRAY(SELECT h.head FROM part_heads h ORDER BY h.part)                 AS heads

-- name: doctor_server
-- One row: the server's version and clock, and the rights of the current role.
-- Uses no index.
SELECT current_setting('server_version_num')::integer                       AS version,
       clock_timestamp()                                                    AS clock,
       current_setting('transaction_read_only') = 'on'                      AS read_only,
       current_setting('fsync') = 'on'                                      AS fsync,
       current_setting('synchronous_commit')                                AS synchronous_commit,
       ARRAY(SELECT wanted FROM unnest(ARRAY['tenure_app', 'tenure_auditor', 'tenure_eraser']) AS wanted
              WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = wanted)) AS missing_roles

-- name: doctor_standing
-- One row: problems that wait for an operator, and how old the last signed checkpoint is.
-- Uses the 64 rows of part_heads; log_checkpoints_signed.
SELECT (SELECT count(*) FROM quarantine)                                  AS quarantined,
       (SELECT count(*) FROM customer_links
         WHERE user_id IS NULL AND NOT owner_left)                        AS unlinked,
       (SELECT count(*) FROM event_conflicts)                             AS conflicts,
       (SELECT count(*) FROM unreadable_deliveries)                       AS unreadable,
       (SELECT count(*) FROM background_jobs j WHERE status = 'dead' AND NOT EXISTS
         (SELECT FROM quarantine q WHERE q.user_id = j.payload ->> 'user_id')) AS dead_jobs,
       (SELECT count(*) FROM background_jobs j WHERE status = 'dead' AND EXISTS
         (SELECT FROM quarantine q WHERE q.user_id = j.payload ->> 'user_id')) AS dead_jobs_of_quarantined_users,
       (SELECT max(signed_at) FROM log_checkpoints)                       AS signed_at,
       (SELECT coalesce(max(size), 0) FROM log_checkpoints)::bigint       AS signed_events,
       (SELECT coalesce(sum(head), 0) FROM part_heads)::bigint            AS events,
       (SELECT array_agg(DISTINCT projector_version)
          FROM projection_checkpoints WHERE position > 0)                 AS projector_versions

-- name: doctor_users
-- One row per kind of odd user that `tenure user why` explains: name, users (at most 1000), example (one user id).
-- Reads users and user_subscriptions once per kind; user_subscriptions_status for the period that is over.
SELECT name, count(*) AS users, min(user_id) AS example
  FROM (
    (SELECT 'overdue' AS name, u.user_id
       FROM user_subscriptions s JOIN users u ON u.id = s.user_id
      WHERE s.subscription_status = ANY (%(renewing)s::text[])
        AND coalesce(s.subscription_renewal_date, s.subscription_cancel_date) < %(overdue_before)s::timestamptz
      LIMIT 1000)
    UNION ALL
    (SELECT 'unmentioned', u.user_id
       FROM users u JOIN user_system_data y ON y.user_id = u.id
      WHERE y.signup_timestamp IS NULL AND u.email IS NULL AND u.full_name IS NULL AND u.deleted_at IS NULL
      LIMIT 1000)
    UNION ALL
    (SELECT 'unknown_status', u.user_id
       FROM user_subscriptions s JOIN users u ON u.id = s.user_id
      WHERE s.subscription_status <> ALL (%(statuses)s::text[])
      LIMIT 1000)
  ) AS odd (name, user_id)
 GROUP BY name

-- name: unfinished_rebuilds
-- Rows: schema of a rebuild that was not finished (null where there is none), whether a replay is running.
-- Uses pg_namespace and on the name that replays give their sessions.
SELECT n.nspname::text, a.running
  FROM (SELECT EXISTS (SELECT FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name = 'tenure-replay') AS running) a
  LEFT JOIN pg_namespace n ON n.nspname IN ('tenure_shadow', 'tenure_check')
