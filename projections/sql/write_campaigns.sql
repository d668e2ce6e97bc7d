-- No rows; campaigns as their folds give them. An id that another user already has is skipped.
-- Leans on the primary key of campaigns.
INSERT INTO campaigns
SELECT * FROM json_populate_recordset(NULL::campaigns, %(rows)s::json)
    ON CONFLICT (id) DO UPDATE
   SET name = EXCLUDED.name,
       description = EXCLUDED.description,
       search_type = EXCLUDED.search_type,
       status = EXCLUDED.status,
       version = EXCLUDED.version,
       unfolded_event_id = EXCLUDED.unfolded_event_id,
       created_at = EXCLUDED.created_at,
       updated_at = EXCLUDED.updated_at
 WHERE campaigns.user_id = EXCLUDED.user_id
