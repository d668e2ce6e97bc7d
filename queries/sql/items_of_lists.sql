-- Rows: the first items of each of some lists, in the list's order, without the creators' JSON.
-- Leans on list_items_listed.
SELECT i.id, i.list_id, i.creator_id, i.position, i.bucket, i.notes, i.pinned, i.created_at, i.updated_at
  FROM unnest(%(lists)s::uuid[]) AS wanted (id)
 CROSS JOIN LATERAL (
       SELECT * FROM list_items
        WHERE list_items.list_id = wanted.id
        ORDER BY position, id
        LIMIT %(limit)s) AS i
