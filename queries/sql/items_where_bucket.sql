-- Condition on items: bucket.
-- Leans on list_items_listed, given the list.
i.bucket = %(bucket)s::text
