-- At most one row: status (open or archived), version, items and the event the history stops at, of a user's list.
-- Leans on the primary key of creator_lists.
SELECT CASE WHEN is_archived THEN 'archived' ELSE 'open' END AS status, version, unfolded_event_id, items_count
  FROM creator_lists
 WHERE id = %(id)s::uuid AND user_id = %(user_id)s
