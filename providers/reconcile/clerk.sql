-- name: clerk_users_page
-- Rows: the next users known from Clerk who are not deleted.
-- Uses users_user_id and user_system_data_user.
SELECT u.user_id
  FROM users u JOIN user_system_data s ON s.user_id = u.id
 WHERE u.user_id > %(after)s AND u.deleted_at IS NULL AND s.signup_timestamp IS NOT NULL
 ORDER BY u.user_id
 LIMIT %(limit)s

-- name: clerk_users_sample
-- Rows: some users known from Clerk who are not deleted, anywhere in the table; total, how many there are.
-- Uses users_user_id and user_system_data_user; reads both.
SELECT u.user_id, count(*) OVER () AS total
  FROM users u JOIN user_system_data s ON s.user_id = u.id
 WHERE u.deleted_at IS NULL AND s.signup_timestamp IS NOT NULL AND starts_with(u.user_id, 'user_')
 ORDER BY md5(u.user_id)
 LIMIT %(limit)s

-- name: forget_seen
-- No row. Clears the objects seen by the previous run.
-- Uses the primary key of reconcile_seen.
DELETE FROM reconcile_seen WHERE scope = %(scope)s

-- name: note_result
-- No row. Stores the result of the last complete run.
-- Uses the primary key of reconcile_cursors.
INSERT INTO reconcile_cursors (scope, finished_at, result, updated_at)
VALUES (%(scope)s, %(now)s, %(result)s::jsonb, %(now)s)
    ON CONFLICT (scope) DO UPDATE
   SET finished_at = excluded.finished_at, result = excluded.result, updated_at = excluded.updated_at

-- name: see_objects
-- No row. Records ids that the provider listed in this run.
-- Uses the primary key of reconcile_seen.
INSERT INTO reconcile_seen (scope, object_id)
SELECT %(scope)s, seen.id FROM unnest(%(ids)s::text[]) AS seen (id) ORDER BY 2
    ON CONFLICT DO NOTHING

-- name: unseen_among
-- Rows: those of these ids that this run has not seen.
-- Uses the primary key of reconcile_seen.
SELECT wanted.id
  FROM unnest(%(ids)s::text[]) AS wanted (id)
 WHERE NOT EXISTS (SELECT FROM reconcile_seen s WHERE s.scope = %(scope)s AND s.object_id = wanted.id)

-- name: webhook_instances
-- Rows: the Clerk instances that the last webhooks about users came from.
-- Uses events_type.
SELECT DISTINCT recent.instance_id
  FROM (SELECT e.metadata ->> 'instance_id' AS instance_id
          FROM events e
         WHERE e.event_type IN ('clerk.user.created', 'clerk.user.updated')
           AND e.metadata ->> 'received_by' = 'webhook'
         ORDER BY e.recorded_at DESC
         LIMIT 50) AS recent
 WHERE recent.instance_id IS NOT NULL
