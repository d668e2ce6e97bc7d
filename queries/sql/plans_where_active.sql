-- Condition on plans: sold or not.
-- Leans on nothing.
p.is_active = %(active)s::boolean
