-- Closing of plans.
-- Leans on nothing.
 ORDER BY p.display_order, p.plan_key
