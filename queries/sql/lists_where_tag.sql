-- Condition on lists: one of their tags.
-- Leans on creator_lists_listed: one user's lists are few.
l.tags @> ARRAY[%(tag)s::text]
