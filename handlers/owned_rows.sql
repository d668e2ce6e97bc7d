-- name: campaign_standing
-- At most one row: status, version and the event the history stops at, of a user's campaign.
-- Uses the primary key of campaigns.
SELECT status, version, unfolded_event_id
  FROM campaigns
 WHERE id = %(id)s::uuid AND user_id = %(user_id)s

-- name: job_standing
-- At most one row: status, version, end and the event the history stops at, of a user's job.
-- Uses the primary key of scraping_jobs.
SELECT status, version, unfolded_event_id, timeout_at
  FROM scraping_jobs
 WHERE id = %(id)s::uuid AND user_id = %(user_id)s

-- name: list_standing
-- At most one row: status (open or archived), version, items and the event the history stops at, of a user's list.
-- Uses the primary key of creator_lists.
SELECT CASE WHEN is_archived THEN 'archived' ELSE 'open' END AS status, version, unfolded_event_id, items_count
  FROM creator_lists
 WHERE id = %(id)s::uuid AND user_id = %(user_id)s
