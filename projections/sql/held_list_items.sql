-- Rows: items of some lists, by their id or their creator; without the creator's JSON.
-- Leans on the primary key of list_items and on list_items_creator.
SELECT i.id, i.list_id, i.user_id, i.creator_id, i.position, i.bucket, i.notes, i.pinned, i.created_at, i.updated_at
  FROM list_items i
 WHERE i.id = ANY (%(items)s::uuid[]) AND i.list_id = ANY (%(lists)s::uuid[])
UNION
SELECT i.id, i.list_id, i.user_id, i.creator_id, i.position, i.bucket, i.notes, i.pinned, i.created_at, i.updated_at
  FROM list_items i
 WHERE i.list_id = ANY (%(lists)s::uuid[]) AND i.creator_id = ANY (%(creators)s::text[])
