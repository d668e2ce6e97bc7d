-- No rows; items as the folds of their lists give them. Items of another user's list are skipped.
-- Leans on the primary keys of list_items and creator_lists.
INSERT INTO list_items
SELECT v.*
  FROM json_populate_recordset(NULL::list_items, %(rows)s::json) AS v
  JOIN creator_lists l ON l.id = v.list_id AND l.user_id = v.user_id
    ON CONFLICT (id) DO NOTHING
