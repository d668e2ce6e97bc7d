-- No rows; the changeable columns of items in a list; the creator's JSON is not touched.
-- Leans on the primary key of list_items.
UPDATE list_items AS i
   SET position = v.position,
       bucket = v.bucket,
       notes = v.notes,
       pinned = v.pinned,
       updated_at = v.updated_at
  FROM json_populate_recordset(NULL::list_items, %(rows)s::json) AS v
 WHERE i.id = v.id AND i.list_id = v.list_id
