-- Rows: existing lists, without their items.
-- Leans on the primary key of creator_lists.
SELECT id, user_id, version, unfolded_event_id::text, created_at, updated_at, name, description, type, privacy, tags,
       is_archived, items_count
  FROM creator_lists
 WHERE id = ANY (%(ids)s::uuid[])
