-- Condition on lists: whether archived.
-- Leans on creator_lists_listed: one user's lists are few.
l.is_archived = %(is_archived)s::boolean
