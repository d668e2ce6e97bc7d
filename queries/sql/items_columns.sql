-- Columns of a list's item but for the creator's JSON.
-- Leans on items_source.
SELECT i.id, i.list_id, i.creator_id, i.position, i.bucket, i.notes, i.pinned, i.created_at, i.updated_at
