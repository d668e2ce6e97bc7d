-- Condition on lists: that one.
-- Leans on the primary key of creator_lists.
l.id = %(id)s::uuid
