-- No rows; removes single items, and all items of lists that are written anew.
-- Leans on the primary key of list_items and on list_items_listed.
DELETE FROM list_items WHERE id = ANY (%(items)s::uuid[]) OR list_id = ANY (%(lists)s::uuid[])
