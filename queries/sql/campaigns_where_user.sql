-- Condition on campaigns: whose.
-- Leans on campaigns_listed.
c.user_id = %(user_id)s::text
