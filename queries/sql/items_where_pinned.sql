-- Condition on items: whether pinned.
-- Leans on list_items_listed, given the list.
i.pinned = %(pinned)s::boolean
