-- name: overview_appended
-- One row per bucket and source: bucket, source, events stored.
-- Uses events_recorded.
SELECT date_bin(%(width)s::interval, e.recorded_at, %(since)s::timestamptz) AS bucket,
       e.source_system AS source, count(*) AS events
  FROM events e
 WHERE e.recorded_at >= %(since)s::timestamptz AND e.recorded_at < %(until)s::timestamptz
 GROUP BY 1, 2

-- name: overview_attention
-- One row: numbers of quarantined users, unlinked customers, conflicts and unreadable deliveries; users; events.
-- Uses customer_links_user, the primary keys and the 64 rows of part_heads.
SELECT (SELECT count(*) FROM quarantine)                             AS quarantined,
       (SELECT count(*) FROM customer_links
         WHERE user_id IS NULL AND NOT owner_left)                   AS unlinked,
       (SELECT count(*) FROM event_conflicts)                        AS conflicts,
       (SELECT count(*) FROM unreadable_deliveries)                  AS unreadable,
       (SELECT count(*) FROM users)                                  AS users,
       (SELECT coalesce(sum(head), 0) FROM part_heads)::bigint       AS events,
       (SELECT nullif(max(recorded_at), '-infinity') FROM part_heads) AS last_recorded_at

-- name: overview_status_days
-- Rows: user_id, subscription_id, day, status. The last status of each linked subscription on each day of the
-- window, and on the day before it the last status before the window.
-- Uses events_type, the primary key of customer_links and, for what came before, events_stream.
WITH shown AS (
    SELECT e.part, e.route_key, l.user_id, e.occurred_at, e.position, (e.occurred_at AT TIME ZONE 'UTC')::date AS day,
           array_position(%(types)s::text[], e.event_type) AS turn,
           readable_json(e.event_data) #>> '{data,object,id}'     AS subscription_id,
           readable_json(e.event_data) #>> '{data,object,status}' AS status
      FROM events e
      JOIN customer_links l ON l.customer_id = e.route_key
     WHERE e.event_type = ANY(%(types)s::text[])
       AND e.occurred_at >= %(since)s::timestamptz
       AND l.user_id IS NOT NULL
), before AS (
    SELECT e.part, e.route_key, streams.user_id, e.occurred_at, e.position,
           (%(since)s::timestamptz AT TIME ZONE 'UTC')::date - 1 AS day,
           array_position(%(types)s::text[], e.event_type) AS turn,
           readable_json(e.event_data) #>> '{data,object,id}'     AS subscription_id,
           readable_json(e.event_data) #>> '{data,object,status}' AS status
      FROM (SELECT DISTINCT part, route_key, user_id FROM shown) streams
      JOIN events e USING (part, route_key)
     WHERE e.event_type = ANY(%(types)s::text[])
       AND e.occurred_at < %(since)s::timestamptz
)
SELECT DISTINCT ON (t.user_id, t.subscription_id, t.day)
       t.user_id, t.subscription_id, t.day, t.status
  FROM (SELECT * FROM shown UNION ALL SELECT * FROM before) t
 WHERE t.status IS NOT NULL
 ORDER BY t.user_id, t.subscription_id, t.day, t.occurred_at DESC, t.turn DESC, t.position DESC

-- name: overview_status_now
-- One row per status: subscription_status, users.
-- Uses user_subscriptions_status.
SELECT s.subscription_status, count(*) AS users
  FROM user_subscriptions s
 GROUP BY s.subscription_status

-- name: overview_status_of_others
-- One row per status: subscription_status, users, without the given users.
-- Uses users_user_id and user_subscriptions_user.
SELECT s.subscription_status, count(*) AS users
  FROM user_subscriptions s
  JOIN users u ON u.id = s.user_id
 WHERE NOT u.user_id = ANY(%(without)s::text[])
 GROUP BY s.subscription_status

-- name: overview_trials
-- One row: started, active, converted, expired: trials that began in the window, by outcome.
-- Uses user_subscriptions_trial.
SELECT count(*)                                            AS started,
       count(*) FILTER (WHERE s.trial_status = 'active')    AS active,
       count(*) FILTER (WHERE s.trial_status = 'converted') AS converted,
       count(*) FILTER (WHERE s.trial_status = 'expired')   AS expired
  FROM user_subscriptions s
 WHERE s.trial_status <> 'pending'
   AND s.trial_start_date >= %(since)s::timestamptz
