-- Condition on campaigns: search type.
-- Leans on campaigns_listed: one user's campaigns are few.
c.search_type = %(search_type)s::text
