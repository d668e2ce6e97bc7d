-- name: attach_scraping_jobs
-- No rows; jobs that named one of these campaigns before it was known are its jobs now.
-- Uses scraping_jobs_waiting.
UPDATE scraping_jobs AS j
   SET campaign_id = c.id
  FROM campaigns c
 WHERE c.id = ANY (%(campaigns)s::uuid[]) AND j.asked_campaign_id = c.id AND j.campaign_id IS NULL
   AND j.user_id = c.user_id

-- name: delete_campaigns
-- No rows; removes rows without events; dependent rows follow by cascade.
-- Uses the primary key of campaigns.
DELETE FROM campaigns AS gone
 USING unnest(%(users)s::text[], %(ids)s::uuid[]) AS v (user_id, id)
 WHERE gone.id = v.id AND gone.user_id = v.user_id

-- name: delete_creator_lists
-- No rows; removes rows without events; dependent rows follow by cascade.
-- Uses the primary key of creator_lists.
DELETE FROM creator_lists AS gone
 USING unnest(%(users)s::text[], %(ids)s::uuid[]) AS v (user_id, id)
 WHERE gone.id = v.id AND gone.user_id = v.user_id

-- name: delete_scraping_jobs
-- No rows; removes rows without events; dependent rows follow by cascade.
-- Uses the primary key of scraping_jobs.
DELETE FROM scraping_jobs AS gone
 USING unnest(%(users)s::text[], %(ids)s::uuid[]) AS v (user_id, id)
 WHERE gone.id = v.id AND gone.user_id = v.user_id

-- name: drop_list_items
-- No rows; removes single items, and all items of lists that are written anew.
-- Uses the primary key of list_items and on list_items_listed.
DELETE FROM list_items WHERE id = ANY (%(items)s::uuid[]) OR list_id = ANY (%(lists)s::uuid[])

-- name: held_campaigns
-- Rows: existing campaigns.
-- Uses the primary key of campaigns.
SELECT id, user_id, version, unfolded_event_id::text, created_at, updated_at, name, description, search_type, status
  FROM campaigns
 WHERE id = ANY (%(ids)s::uuid[])

-- name: held_creator_lists
-- Rows: existing lists, without their items.
-- Uses the primary key of creator_lists.
SELECT id, user_id, version, unfolded_event_id::text, created_at, updated_at, name, description, type, privacy, tags,
       is_archived, items_count
  FROM creator_lists
 WHERE id = ANY (%(ids)s::uuid[])

-- name: held_list_items
-- Rows: items of some lists, by their id or their creator; without the creator's JSON.
-- Uses the primary key of list_items and on list_items_creator.
SELECT i.id, i.list_id, i.user_id, i.creator_id, i.position, i.bucket, i.notes, i.pinned, i.created_at, i.updated_at
  FROM list_items i
 WHERE i.id = ANY (%(items)s::uuid[]) AND i.list_id = ANY (%(lists)s::uuid[])
UNION
SELECT i.id, i.list_id, i.user_id, i.creator_id, i.position, i.bucket, i.notes, i.pinned, i.created_at, i.updated_at
  FROM list_items i
 WHERE i.list_id = ANY (%(lists)s::uuid[]) AND i.creator_id = ANY (%(creators)s::text[])

-- name: held_scraping_jobs
-- Rows: existing jobs, without the columns that never change.
-- Uses the primary key of scraping_jobs.
SELECT id, user_id, version, unfolded_event_id::text, created_at, updated_at, run_id, status, asked_campaign_id,
       qstash_message_id, processed_runs, processed_results, cursor, progress::text, creators_recorded, error,
       started_at, completed_at, timeout_at
  FROM scraping_jobs
 WHERE id = ANY (%(ids)s::uuid[])

-- name: move_list_items
-- No rows; the changeable columns of items in a list; the creator's JSON is not touched.
-- Uses the primary key of list_items.
UPDATE list_items AS i
   SET position = v.position,
       bucket = v.bucket,
       notes = v.notes,
       pinned = v.pinned,
       updated_at = v.updated_at
  FROM json_populate_recordset(NULL::list_items, %(rows)s::json) AS v
 WHERE i.id = v.id AND i.list_id = v.list_id

-- name: move_scraping_jobs
-- No rows; the columns of jobs that change while they run; the wide columns are not touched.
-- Uses the primary key of scraping_jobs.
UPDATE scraping_jobs AS j
   SET run_id = v.run_id,
       status = v.status,
       qstash_message_id = v.qstash_message_id,
       processed_runs = v.processed_runs,
       processed_results = v.processed_results,
       cursor = v.cursor,
       progress = v.progress,
       creators_recorded = v.creators_recorded,
       error = v.error,
       version = v.version,
       unfolded_event_id = v.unfolded_event_id,
       started_at = v.started_at,
       completed_at = v.completed_at,
       timeout_at = v.timeout_at,
       updated_at = v.updated_at
  FROM json_populate_recordset(NULL::scraping_jobs, %(rows)s::json) AS v
 WHERE j.id = v.id AND j.user_id = v.user_id

-- name: platform_of_users
-- Rows: found_in, user_id, id of every campaign, job and list of some users.
-- Uses campaigns_listed, scraping_jobs_listed and creator_lists_listed.
SELECT 'campaigns' AS found_in, user_id, id FROM campaigns WHERE user_id = ANY (%(users)s::text[])
UNION ALL
SELECT 'scraping_jobs', user_id, id FROM scraping_jobs WHERE user_id = ANY (%(users)s::text[])
UNION ALL
SELECT 'creator_lists', user_id, id FROM creator_lists WHERE user_id = ANY (%(users)s::text[])

-- name: read_aggregates
-- Rows: what a fold needs of every event about some aggregates, up to a position of their part.
-- Uses events_aggregate.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.source_system, e.event_type,
       e.idempotency_key, e.id::text, e.route_key, e.aggregate_type, e.livemode, e.event_data::text, e.aggregate_id
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[], %(aggregates)s::text[], %(bounds)s::bigint[])
       AS wanted (part, route_key, aggregate_id, bound)
  JOIN events e ON e.aggregate_id = wanted.aggregate_id AND e.part = wanted.part AND e.route_key = wanted.route_key
   AND e.position <= wanted.bound
 WHERE e.source_system = 'tenure'

-- name: write_list_items
-- No rows; items as the folds of their lists give them. Items of another user's list are skipped.
-- Uses the primary keys of list_items and creator_lists.
INSERT INTO list_items
SELECT v.*
  FROM json_populate_recordset(NULL::list_items, %(rows)s::json) AS v
  JOIN creator_lists l ON l.id = v.list_id AND l.user_id = v.user_id
    ON CONFLICT (id) DO NOTHING
