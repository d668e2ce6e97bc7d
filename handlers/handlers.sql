-- name: all_log_levels
-- Rows: logger, level, until of every logger whose level was set.
-- Uses no index: there are few loggers.
SELECT logger, level, until
  FROM logging_configurations
 ORDER BY logger

-- name: analyze_after_erasure
-- One row: the tables analyzed before the last erasure was projected, and now analyzed again.
-- Uses events_type.
SELECT analyze_after_erasure() AS analyzed

-- name: configuration
-- Rows: every key that was ever set.
-- Uses no index: there are few keys.
SELECT category, key, value, value_type, description, is_hot_reloadable, updated_at
  FROM system_configurations
 ORDER BY category, key

-- name: configuration_version
-- One row: version, the position of the last configuration event the tables know; 0 without one.
-- Uses no index: two small tables.
SELECT greatest(coalesce((SELECT max(position) FROM system_configurations), 0),
                coalesce((SELECT max(position) FROM logging_configurations), 0)) AS version

-- name: deletions_of
-- Rows: id, event_type, is_observed (a reconciliation found the user missing) of the events that deleted one user.
-- Uses events_stream.
SELECT e.id, e.event_type, coalesce(e.metadata ->> 'received_by', '') = 'import' AS is_observed
  FROM events e
 WHERE e.part = %(part)s::smallint AND e.route_key = %(user_id)s::text
   AND (e.source_system, e.event_type) IN (('clerk', 'clerk.user.deleted'), ('tenure', 'privacy.erased'))
 ORDER BY e.position

-- name: item_standing
-- At most one row: the item is in the list.
-- Uses the primary key of list_items.
SELECT id FROM list_items WHERE id = %(item_id)s::uuid AND list_id = %(list_id)s::uuid

-- name: jobs_due_of
-- Rows: id, user_id, timeout_at of some users' jobs that run past their end, in order of the end.
-- Uses scraping_jobs_status.
SELECT id, user_id, timeout_at
  FROM scraping_jobs
 WHERE user_id = ANY (%(users)s::text[]) AND status IN ('pending', 'processing')
   AND timeout_at <= %(now)s::timestamptz AND unfolded_event_id IS NULL
 ORDER BY timeout_at, id

-- name: jobs_to_time_out
-- Rows: id, user_id, timeout_at of jobs that run past their end, in order of the end.
-- Uses scraping_jobs_due.
SELECT id, user_id, timeout_at
  FROM scraping_jobs
 WHERE status IN ('pending', 'processing') AND timeout_at IS NOT NULL AND timeout_at <= %(now)s::timestamptz
   AND unfolded_event_id IS NULL AND (timeout_at, id) > (%(after_at)s::timestamptz, %(after_id)s::uuid)
 ORDER BY timeout_at, id
 LIMIT %(limit)s::integer

-- name: jobs_with_payload
-- Rows: id of those of these background jobs that exist and are not erased.
-- Uses the primary key of background_jobs.
SELECT j.id FROM background_jobs j WHERE j.id = ANY (%(ids)s::uuid[]) AND j.payload <> '{}'

-- name: keys_taken
-- Rows: those of these idempotency keys that events of Tenure already have.
-- Uses events_idempotency.
SELECT e.idempotency_key
  FROM unnest(%(parts)s::smallint[], %(keys)s::text[]) AS wanted (part, key)
  JOIN events e ON e.part = wanted.part AND e.source_system = 'tenure' AND e.idempotency_key = wanted.key AND e.livemode

-- name: list_place
-- One row: the item a creator is in a list already (or null), and the position behind all others.
-- Uses list_items_creator and list_items_listed.
SELECT (SELECT i.id FROM list_items i WHERE i.list_id = %(list_id)s::uuid AND i.creator_id = %(creator_id)s) AS item_id,
       least(coalesce((SELECT max(i.position) FROM list_items i WHERE i.list_id = %(list_id)s::uuid), -1), 2147483646) + 1 AS next_position

-- name: log_levels
-- Rows: logger, level, until of those in force at an instant.
-- Uses no index: there are few loggers.
SELECT logger, level, until
  FROM logging_configurations
 WHERE until IS NULL OR until > %(now)s::timestamptz
 ORDER BY logger

-- name: states_of
-- Rows: user_id, state of some users as projected; nothing is locked.
-- Uses the primary key of projection_states.
SELECT user_id, state::text AS state
  FROM projection_states
 WHERE user_id = ANY (%(users)s::text[]) AND state IS NOT NULL

-- name: store_results
-- One row: the digest of a job's results, as stored; a repeated decision stores them once.
-- Uses the primary key of scraping_results.
INSERT INTO scraping_results AS r (id, job_id, creators, creators_count, digest, created_at)
SELECT %(id)s::uuid, %(job_id)s::uuid, input.creators, jsonb_array_length(input.creators),
       encode(sha256(convert_to(input.creators::text, 'UTF8')), 'hex'), %(at)s::timestamptz
  FROM (SELECT %(creators)s::jsonb AS creators OFFSET 0) AS input
    ON CONFLICT (id) DO UPDATE SET created_at = EXCLUDED.created_at
RETURNING r.digest
