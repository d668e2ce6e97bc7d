-- Rows: existing campaigns.
-- Leans on the primary key of campaigns.
SELECT id, user_id, version, unfolded_event_id::text, created_at, updated_at, name, description, search_type, status
  FROM campaigns
 WHERE id = ANY (%(ids)s::uuid[])
