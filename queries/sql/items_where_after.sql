-- Condition on items: behind the cursor.
-- Leans on list_items_listed.
(i.position, i.id) > (%(key_place)s::bigint, %(key_id)s::uuid)
