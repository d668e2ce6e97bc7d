-- At most one row: the item is in the list.
-- Leans on the primary key of list_items.
SELECT id FROM list_items WHERE id = %(item_id)s::uuid AND list_id = %(list_id)s::uuid
