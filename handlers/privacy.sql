-- name: erase_errors
-- No rows; the errors and results of scheduled handlers that contain one of the texts are emptied.
-- Uses no index: a row per handler.
UPDATE schedule_runs s SET error = CASE WHEN s.error IS NOT NULL THEN '(erased)' END, result = NULL
 WHERE EXISTS (SELECT FROM unnest(%(texts)s::text[]) AS t
                WHERE strpos(lower(concat_ws(' ', s.error, s.result::text)), t) > 0)

-- name: erase_jobs
-- No rows; empties some jobs, and cancels those that wait.
-- Uses the primary key of background_jobs.
UPDATE background_jobs
   SET payload = '{}', result = NULL, error = NULL, updated_at = %(now)s::timestamptz,
       status = CASE WHEN status IN ('pending', 'failed') THEN 'cancelled' ELSE status END
 WHERE id = ANY (%(ids)s::uuid[])

-- name: erase_person
-- One row: erased_events, erased_conflicts, erased_deliveries.
-- Uses events_stream; only what the privacy.erased event at that place names.
SELECT erased_events, erased_conflicts, erased_deliveries
  FROM erase_person(%(part)s::smallint, %(position)s::bigint)

-- name: erase_results
-- No rows; deletes the results of one user's scraping jobs.
-- Uses events_stream and scraping_results_job.
DELETE FROM scraping_results r
 WHERE r.job_id::text IN (SELECT e.aggregate_id FROM events e
                           WHERE e.part = %(part)s::smallint AND e.route_key = %(user_id)s::text
                             AND e.source_system = 'tenure' AND e.event_type LIKE 'job.%%')

-- name: lock_erasure
-- One row without meaning. Until the transaction ends, no reconciliation appends what it fetched before the erasure.
-- Uses an advisory lock.
SELECT pg_advisory_xact_lock(hashtext('tenure erasure'))

-- name: person_conflicts
-- One row: how many conflicting bodies belong to events of some streams or to some events.
-- Uses the primary key of events.
SELECT count(*)
  FROM event_conflicts c
  JOIN events e ON e.part = c.part AND e.position = c.position
 WHERE c.event_data IS NOT NULL
   AND (e.route_key = ANY (%(routes)s::text[]) OR e.id = ANY (%(ids)s::uuid[]))
   AND NOT (e.source_system = 'tenure' AND e.aggregate_type = ANY (%(service)s::text[]))

-- name: person_deliveries
-- Rows: id of unreadable deliveries whose bytes contain one of the texts, in upper or lower case.
-- Uses no index: there are few.
SELECT d.id
  FROM unreadable_deliveries d
 WHERE d.body IS NOT NULL
   AND EXISTS (SELECT FROM unnest(%(texts)s::text[]) AS t
                WHERE strpos(lower(encode(d.body, 'escape')), lower(encode(convert_to(t, 'UTF8'), 'escape'))) > 0)
 ORDER BY d.id

-- name: person_events
-- Rows: id, part, position, route_key, event_type, occurred_at of events of some streams that have a payload: the first
-- is the user's own, the others are of customers. A name from outside may also be the route of the
-- service's own events or of a customer.
-- Uses events_stream.
SELECT e.id, e.part, e.position, e.route_key, e.event_type, e.occurred_at
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) WITH ORDINALITY AS wanted (part, route_key, nth)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key
 WHERE (e.source_system = 'stripe') = (wanted.nth > 1)
   AND NOT (e.source_system = 'tenure' AND e.aggregate_type = ANY (%(service)s::text[]))
   AND e.event_type <> 'privacy.erased' AND e.event_data IS NOT NULL
 ORDER BY e.occurred_at, e.part, e.position

-- name: person_heads
-- Rows: part, head (the last position) of some parts.
-- Uses the primary key of part_heads.
SELECT DISTINCT h.part, h.head
  FROM unnest(%(parts)s::smallint[]) AS wanted (part)
  JOIN part_heads h ON h.part = wanted.part

-- name: person_jobs
-- Rows: id of background jobs that contain one of the texts.
-- Uses no index: ended jobs are cleared away.
SELECT j.id
  FROM background_jobs j
 WHERE EXISTS (SELECT FROM unnest(%(texts)s::text[]) AS t
                WHERE strpos(lower(concat_ws(' ', j.payload::text, j.result::text, j.error)), t) > 0)
 ORDER BY j.id

-- name: person_mentions
-- Rows: id, part, position, route_key, event_type, occurred_at, is_theirs (it belongs to another user or customer) of
-- events of other streams whose body contains one of the texts. Uses no index: it reads the whole log.
SELECT e.id, e.part, e.position, e.route_key, e.event_type, e.occurred_at,
       e.source_system = 'tenure' OR e.aggregate_type IN ('user', 'stripe_customer') AS is_theirs
  FROM events e
 WHERE e.route_key <> ALL (%(routes)s::text[]) AND e.event_data IS NOT NULL
   AND e.event_type <> 'privacy.erased'
   AND EXISTS (SELECT FROM unnest(%(texts)s::text[]) AS t WHERE strpos(lower(e.event_data::text), t) > 0)
 ORDER BY e.occurred_at, e.part, e.position

-- name: person_payloads
-- Rows: event_data of every event of some streams that has one, except erasures; selected as in person_events.
-- Uses events_stream.
SELECT e.event_data::text
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) WITH ORDINALITY AS wanted (part, route_key, nth)
  JOIN events e ON e.part = wanted.part AND e.route_key = wanted.route_key
 WHERE (e.source_system = 'stripe') = (wanted.nth > 1)
   AND NOT (e.source_system = 'tenure' AND e.aggregate_type = ANY (%(service)s::text[]))
   AND e.event_type <> 'privacy.erased' AND e.event_data IS NOT NULL

-- name: person_standing
-- One row: the user's address, how often they were erased, whether their name is a Stripe customer's too, and how many
-- events wait to be projected.
-- Uses users_user_id and events_stream.
SELECT (SELECT u.email FROM users u WHERE u.user_id = %(user_id)s::text) AS email,
       EXISTS (SELECT FROM users u WHERE u.user_id = %(user_id)s::text)
       OR EXISTS (SELECT FROM events e WHERE e.part = %(part)s::smallint AND e.route_key = %(user_id)s::text
                     AND e.source_system <> 'stripe'
                     AND NOT (e.source_system = 'tenure' AND e.aggregate_type = ANY (%(service)s::text[])))
       AS is_known,
       (SELECT count(*) FROM events e
         WHERE e.part = %(part)s::smallint AND e.route_key = %(user_id)s::text
           AND e.event_type = 'privacy.erased' AND e.source_system = 'tenure') AS erasures,
       EXISTS (SELECT FROM customer_links l WHERE l.customer_id = %(user_id)s::text) AS is_also_a_customer,
       (SELECT coalesce(sum(h.head - c.position), 0)::bigint
          FROM part_heads h JOIN projection_checkpoints c USING (part)) AS unprojected,
       (SELECT coalesce(array_agg(l.customer_id ORDER BY l.customer_id), '{}')
          FROM customer_links l WHERE l.user_id = %(user_id)s::text) AS customers,
       to_regclass('background_jobs') IS NOT NULL AS has_jobs
