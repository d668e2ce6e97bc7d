-- No rows; lists as their folds give them. An id that another user already has is skipped.
-- Leans on the primary key of creator_lists.
INSERT INTO creator_lists
SELECT * FROM json_populate_recordset(NULL::creator_lists, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE
   SET name = EXCLUDED.name,
       description = EXCLUDED.description,
       type = EXCLUDED.type,
       privacy = EXCLUDED.privacy,
       tags = EXCLUDED.tags,
       is_archived = EXCLUDED.is_archived,
       items_count = EXCLUDED.items_count,
       version = EXCLUDED.version,
       unfolded_event_id = EXCLUDED.unfolded_event_id,
       created_at = EXCLUDED.created_at,
       updated_at = EXCLUDED.updated_at
 WHERE creator_lists.user_id = EXCLUDED.user_id
