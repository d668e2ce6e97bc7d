-- Condition on lists: a creator is in it.
-- Leans on list_items_creator and list_items_found.
EXISTS (SELECT FROM list_items i WHERE i.list_id = l.id AND i.user_id = l.user_id AND i.creator_id = %(creator_id)s::text)
