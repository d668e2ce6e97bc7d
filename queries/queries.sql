-- name: access_log
-- Rows: reads of personal data, the newest first, starting after the row `after`.
-- Uses access_log_read_at, or access_log_subject for one subject.
SELECT a.id, a.read_at, a.token_id, a.reader, a.role, a.subject_id, a.fields, a.reason, a.request_id
  FROM access_log a
 WHERE (%(subject)s::text IS NULL OR a.subject_id = %(subject)s::text)
   AND (%(reader)s::text IS NULL OR a.reader = %(reader)s::text)
   AND (%(after)s::uuid IS NULL
        OR (a.read_at, a.id) < (SELECT b.read_at, b.id FROM access_log b WHERE b.id = %(after)s::uuid))
 ORDER BY a.read_at DESC, a.id DESC
 LIMIT %(limit)s::integer

-- name: access_of
-- Rows, oldest first: reads of some subjects' data in a window.
-- Uses access_log_subject.
SELECT read_at, reader, role, subject_id, fields, reason, request_id
  FROM access_log
 WHERE subject_id = ANY (%(subjects)s::text[])
   AND read_at >= coalesce(%(since)s::timestamptz, '-infinity')
   AND read_at < coalesce(%(until)s::timestamptz, 'infinity')
 ORDER BY read_at, id

-- name: dashboard
-- At most one row: a user's work by status, running jobs, the month against the plan, and recent events (instants in microseconds).
-- Uses users_user_id, campaigns_status, scraping_jobs_status, creator_lists_listed and events_stream.
SELECT u.user_id,
       coalesce((SELECT jsonb_object_agg(c.status, c.count)
                   FROM (SELECT status, count(*) FROM campaigns WHERE user_id = u.user_id GROUP BY status) AS c), '{}') AS campaigns_by_status,
       coalesce((SELECT jsonb_object_agg(j.status, j.count)
                   FROM (SELECT status, count(*) FROM scraping_jobs WHERE user_id = u.user_id GROUP BY status) AS j), '{}') AS jobs_by_status,
       coalesce((SELECT jsonb_agg(to_jsonb(j) - 'created' ORDER BY j.created DESC, j.id DESC)
                   FROM (SELECT id, status, platform, campaign_id, progress, creators_recorded,
                                (extract(epoch FROM created_at) * 1000000)::bigint AS created,
                                (extract(epoch FROM started_at) * 1000000)::bigint AS started_at,
                                (extract(epoch FROM timeout_at) * 1000000)::bigint AS timeout_at
                           FROM scraping_jobs
                          WHERE user_id = u.user_id AND status = 'processing'
                          ORDER BY created_at DESC, id DESC
                          LIMIT %(running)s) AS j), '[]') AS jobs_running,
       (SELECT count(*) FROM creator_lists WHERE user_id = u.user_id AND NOT is_archived) AS lists,
       s.current_plan, g.plan_campaigns_limit, g.plan_creators_limit, g.usage_campaigns_current,
       CASE WHEN g.usage_reset_date <= %(now)s::timestamptz THEN 0 ELSE g.usage_creators_current_month END AS usage_creators_current_month,
       CASE WHEN g.usage_reset_date <= %(now)s::timestamptz THEN 0 ELSE g.enrichments_current_month END AS enrichments_current_month,
       g.usage_reset_date,
       coalesce((SELECT jsonb_agg(to_jsonb(e) - 'position' ORDER BY e.position DESC)
                   FROM (SELECT event.id, event.event_type, event.aggregate_type, event.aggregate_id, event.position,
                                (extract(epoch FROM event.occurred_at) * 1000000)::bigint AS occurred_at
                           FROM (SELECT * FROM events
                                  WHERE part = %(part)s::smallint AND route_key = %(user_id)s::text
                                  ORDER BY events.position DESC
                                  LIMIT %(looked_at)s) AS event
                          WHERE event.aggregate_type IN ('campaign', 'job', 'list') AND event.event_type <> 'job.progressed'
                          ORDER BY event.position DESC
                          LIMIT %(recent)s) AS e), '[]') AS recent
  FROM users u
  JOIN user_subscriptions s ON s.user_id = u.id
  JOIN user_usage g ON g.user_id = u.id
 WHERE u.user_id = %(user_id)s::text

-- name: erasures
-- Rows: part, position, route_key, recorded (microseconds), payload of every erasure.
-- Uses events_type.
SELECT e.part, e.position, e.route_key, (extract(epoch FROM e.recorded_at) * 1000000)::bigint AS recorded,
       e.event_data::text AS payload
  FROM events e
 WHERE e.event_type = 'privacy.erased' AND e.source_system = 'tenure'

-- name: event_bodies
-- Rows: the bodies of these events in the given order, as signed text, and their size in bytes.
-- Uses the primary key of events.
SELECT page.part, page.position, e.event_data::text AS event_data, octet_length(e.event_data::text) AS bytes
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[])
       WITH ORDINALITY AS page (part, position, place)
  JOIN events e USING (part, position)
 ORDER BY page.place

-- name: event_types
-- One row per type in the log, in order: event_type.
-- Uses events_type, through event_types(): each step jumps to the next type, so the rows between are never read.
SELECT event_type FROM event_types() AS known (event_type) ORDER BY event_type

-- name: events_after
-- Rows: the next events of each part after a head vector, in position order, without their bodies.
-- Uses the primary key of events.
SELECT e.part, e.position, e.id, e.source_system, e.idempotency_key, e.livemode, e.aggregate_type, e.aggregate_id,
       e.event_type, e.event_version, e.correlation_id, e.causation_id, e.occurred_at, e.recorded_at
  FROM unnest(%(positions)s::bigint[]) WITH ORDINALITY AS followed (position, ordinal)
  JOIN part_heads h ON h.part = followed.ordinal - 1 AND h.head > followed.position
 CROSS JOIN LATERAL (
        SELECT f.* FROM events f
         WHERE f.part = h.part AND f.position > followed.position
         ORDER BY f.position LIMIT %(limit)s
       ) AS e
 ORDER BY e.recorded_at, e.part, e.position

-- name: events_estimate
-- One row: rows, how many events there are as of the last ANALYZE or vacuum; -1 before the first.
-- Uses pg_class.
SELECT reltuples::bigint AS rows FROM pg_class WHERE oid = 'events'::regclass

-- name: events_that_said
-- Rows, the newest first: what a fold needs of the last events of some types in one stream.
-- Uses events_stream.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode, e.event_data::text
  FROM events e
 WHERE e.part = %(part)s::smallint AND e.route_key = %(route_key)s::text
   AND e.event_type LIKE ANY (%(types)s::text[]) AND e.event_data IS NOT NULL
   AND e.occurred_at <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND e.recorded_at <= coalesce(%(known_at)s::timestamptz, 'infinity')
 ORDER BY e.position DESC
 LIMIT %(limit)s

-- name: export_snapshot
-- No row. What is appended during an export is not in it.
-- Uses no index.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- name: find_events
-- Rows: id, event_type, occurred_at, route_key: of the newest events those whose body names the id, newest first.
-- Uses events_recorded for the newest; only their bodies are read.
SELECT e.id, e.event_type, e.occurred_at, e.route_key
  FROM (SELECT n.id, n.event_type, n.occurred_at, n.route_key, n.recorded_at, n.part, n.position, n.event_data
          FROM events n
         ORDER BY n.recorded_at DESC, n.part DESC, n.position DESC
         LIMIT %(newest)s::integer) e
 WHERE strpos(e.event_data::text, %(quoted)s::text) > 0
 ORDER BY e.recorded_at DESC, e.part DESC, e.position DESC
 LIMIT %(limit)s::integer

-- name: find_users
-- Rows: user_id, full_name, email, by: users with that id, address, name, customer or subscription, exact matches first.
-- Uses users_email, user_billing_customer_id, customer_links and the key of users; a part of a name reads the table.
SELECT DISTINCT ON (u.id) u.user_id, u.full_name, u.email,
       CASE WHEN u.user_id = %(text)s::text THEN 'id'
            WHEN lower(u.email) = lower(%(text)s::text) THEN 'e-mail address'
            WHEN b.stripe_subscription_id = %(text)s::text THEN 'subscription'
            WHEN l.customer_id = %(text)s::text OR b.stripe_customer_id = %(text)s::text THEN 'customer'
            ELSE 'name or address' END AS by
  FROM users u
  JOIN user_billing b ON b.user_id = u.id
  LEFT JOIN customer_links l ON l.user_id = u.user_id AND l.customer_id = %(text)s::text
 WHERE u.user_id = %(text)s::text
    OR l.customer_id IS NOT NULL
    OR b.stripe_customer_id = %(text)s::text
    OR b.stripe_subscription_id = %(text)s::text
    OR strpos(lower(u.full_name), lower(%(text)s::text)) > 0
    OR strpos(lower(u.email), lower(%(text)s::text)) > 0
 ORDER BY u.id
 LIMIT %(limit)s::integer

-- name: first_recorded
-- One row: when the first event of any of these routes was recorded; null when there is none.
-- Uses the index events_stream, once per route.
SELECT min(first.recorded_at) AS recorded_at
  FROM unnest(%(parts)s::integer[], %(routes)s::text[]) AS route(part, key)
 CROSS JOIN LATERAL (
       SELECT e.recorded_at
         FROM events e
        WHERE e.part = route.part AND e.route_key = route.key
        ORDER BY e.position
        LIMIT 1) first

-- name: fold_of
-- At most one row: state, catalog (null before any plan) of one user, as projected.
-- Uses the primary key of projection_states.
SELECT s.state::text AS state, (SELECT c.catalog::text FROM projection_catalog c) AS catalog
  FROM projection_states s
 WHERE s.user_id = %(user_id)s::text AND s.state IS NOT NULL

-- name: head_vector
-- One row: the head of every part, in part order.
-- Uses the 64 rows of part_heads.
SELECT array_agg(head ORDER BY part) AS heads FROM part_heads

-- name: nothing
-- Opening of a plan: no columns, since only the number of rows matters.
-- Uses the conditions after it.
SELECT

-- name: plans
-- One row per plan.
-- Uses no index: the catalog is a handful of rows.
SELECT p.plan_key, p.plan_name, p.campaigns_limit, p.creators_limit, p.features, p.price_monthly,
       p.price_yearly, p.currency, p.stripe_price_id_monthly, p.stripe_price_id_yearly, p.is_active,
       p.display_order, p.created_at, p.updated_at
  FROM subscription_plans p

-- name: profile
-- One row per user: the flat profile, see queries/profile.py.
-- Uses the unique user_id of the four tables and the primary key of quarantine.
SELECT {columns},
       q.user_id IS NOT NULL AS stale,
       CASE WHEN q.user_id IS NOT NULL
            THEN jsonb_build_object('event_id', q.event_id, 'event_type', q.event_type) END AS quarantine
  FROM users u
  JOIN user_subscriptions s ON s.user_id = u.id
  JOIN user_billing b ON b.user_id = u.id
  JOIN user_usage g ON g.user_id = u.id
  JOIN user_system_data y ON y.user_id = u.id
  LEFT JOIN quarantine q ON q.user_id = u.user_id

-- name: projection_lag
-- One row: waiting (events not yet projected), oldest_recorded_at (of the first of them in each part), stalled_s
-- (for how long events wait and none of their parts has moved; 0 while none waits).
-- Uses the primary keys of part_heads, projection_checkpoints and events.
SELECT coalesce(sum(behind.waiting), 0)::bigint AS waiting,
       min(behind.recorded_at) AS oldest_recorded_at,
       coalesce(extract(epoch FROM clock_timestamp() - greatest(max(behind.moved_at), min(behind.recorded_at))), 0)::float AS stalled_s
  FROM (SELECT h.head - c.position AS waiting, c.moved_at,
               (SELECT e.recorded_at FROM events e
                 WHERE e.part = h.part AND e.position = c.position + 1) AS recorded_at
          FROM part_heads h
          JOIN projection_checkpoints c USING (part)
         WHERE h.head > c.position) AS behind

-- name: quarantined
-- One row per quarantined user: where their history stops, and why.
-- Uses the primary key of quarantine.
SELECT q.user_id, q.part, q.position, q.event_id, q.event_type, q.occurred_at, q.field, q.reason
  FROM quarantine q
 ORDER BY q.occurred_at DESC, q.user_id
 LIMIT %(limit)s::integer

-- name: quarantined_user
-- At most one row: the user, if quarantined.
-- Uses the primary key of quarantine.
SELECT q.user_id FROM quarantine q WHERE q.user_id = %(user_id)s::text

-- name: read_past
-- Rows: what a fold needs of some streams up to one instant and recorded by another (null: no bound), each
-- from an instant on. OFFSET 0 keeps each stream a scan of its own: joined, the log would be read by time.
-- Uses events_history.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode,
       CASE WHEN e.source_system = 'tenure' OR e.event_type LIKE ANY (%(read_types)s) THEN e.event_data::text END,
       (extract(epoch FROM e.recorded_at) * 1000000)::bigint AS recorded, e.metadata ->> 'actor', e.metadata ->> 'reason'
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(since)s::timestamptz[]) AS wanted (part, route_key, since)
 CROSS JOIN LATERAL (
       SELECT * FROM events
        WHERE events.part = wanted.part AND events.route_key = wanted.route_key
          AND events.occurred_at > wanted.since AND events.occurred_at <= %(until)s
          AND events.recorded_at <= coalesce(%(known_at)s::timestamptz, 'infinity')
       OFFSET 0) AS e

-- name: refolds_waiting
-- One row: users whose history waits to be folded again, and for how many seconds the first of them has waited; 0 without any.
-- Uses projection_states_refold_since.
SELECT count(*) AS users,
       greatest(coalesce(extract(epoch FROM clock_timestamp() - min(refold_since)), 0), 0)::float AS oldest_s
  FROM projection_states
 WHERE refold_after IS NOT NULL

-- name: removals
-- Rows: payload of every event by which retention removed checkpoints.
-- Uses events_type.
SELECT e.event_data::text
  FROM events e
 WHERE e.event_type = 'log.checkpoints_removed' AND e.source_system = 'tenure'

-- name: users_in_error
-- Rows: user_id, state of users whose billing can't be read, at most `limit`.
-- Uses the primary keys of users and projection_states.
SELECT u.user_id, p.state::text
  FROM user_subscriptions s
  JOIN users u ON u.id = s.user_id
  JOIN projection_states p ON p.user_id = u.user_id
 WHERE s.billing_sync_status = 'error'
 ORDER BY u.user_id
 LIMIT %(limit)s
