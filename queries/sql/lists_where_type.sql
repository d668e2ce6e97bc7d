-- Condition on lists: type.
-- Leans on creator_lists_listed: one user's lists are few.
l.type = %(type)s::text
