-- Closing of a page of items: the list's order.
-- Leans on list_items_listed.
 ORDER BY i.position, i.id
