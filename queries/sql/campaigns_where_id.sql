-- Condition on campaigns: that one.
-- Leans on the primary key of campaigns.
c.id = %(id)s::uuid
