-- Condition on campaigns: status.
-- Leans on campaigns_status.
c.status = %(status)s::text
