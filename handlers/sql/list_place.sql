-- One row: the item a creator is in a list already (or null), and the position behind all others.
-- Leans on list_items_creator and list_items_listed.
SELECT (SELECT i.id FROM list_items i WHERE i.list_id = %(list_id)s::uuid AND i.creator_id = %(creator_id)s) AS item_id,
       least(coalesce((SELECT max(i.position) FROM list_items i WHERE i.list_id = %(list_id)s::uuid), -1), 2147483646) + 1 AS next_position
