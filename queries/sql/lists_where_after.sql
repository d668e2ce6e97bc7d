-- Condition on lists: behind the cursor.
-- Leans on creator_lists_listed.
(l.created_at, l.id) < (%(key_place)s::timestamptz, %(key_id)s::uuid)
