-- Closing of a page.
-- Leans on the order before it.
 LIMIT %(limit)s::integer
