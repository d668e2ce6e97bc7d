-- One row per item of a list; wide: the JSON of the creator, or nothing.
-- Uses list_items_listed.
SELECT i.id, i.list_id, i.creator_id, i.position, i.bucket, i.notes, i.pinned, i.created_at, i.updated_at
       {wide}
  FROM list_items i
