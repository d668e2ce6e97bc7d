-- Condition on items: whose.
-- Leans on list_items_listed, given the list.
i.user_id = %(user_id)s::text
