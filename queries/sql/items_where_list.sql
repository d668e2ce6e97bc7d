-- Condition on items: of which list.
-- Leans on list_items_listed.
i.list_id = %(list_id)s::uuid
