-- name: items
-- One row per item of a list; wide: the JSON of the creator, or nothing.
-- Uses list_items_listed.
SELECT i.id, i.list_id, i.creator_id, i.position, i.bucket, i.notes, i.pinned, i.created_at, i.updated_at
       {wide}
  FROM list_items i

-- name: items_of_lists
-- Rows: the first items of each of some lists, in the list's order, without the creators' JSON.
-- Uses list_items_listed.
SELECT i.id, i.list_id, i.creator_id, i.position, i.bucket, i.notes, i.pinned, i.created_at, i.updated_at
  FROM unnest(%(lists)s::uuid[]) AS wanted (id)
 CROSS JOIN LATERAL (
       SELECT * FROM list_items
        WHERE list_items.list_id = wanted.id
        ORDER BY position, id
        LIMIT %(limit)s) AS i

-- name: lists
-- One row per list; stale: its history stops at an event that cannot be folded.
-- Uses creator_lists_listed where the owner is given.
SELECT l.id, l.user_id, l.name, l.description, l.type, l.privacy, l.tags, l.is_archived, l.items_count, l.version,
       l.unfolded_event_id IS NOT NULL AS stale, l.created_at, l.updated_at
  FROM creator_lists l
