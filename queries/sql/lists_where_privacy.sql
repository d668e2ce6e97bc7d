-- Condition on lists: privacy.
-- Leans on creator_lists_listed: one user's lists are few.
l.privacy = %(privacy)s::text
