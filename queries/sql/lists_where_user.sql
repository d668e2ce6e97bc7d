-- Condition on lists: whose.
-- Leans on creator_lists_listed.
l.user_id = %(user_id)s::text
