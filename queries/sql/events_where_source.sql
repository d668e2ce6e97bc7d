-- Condition on a search: who said it.
-- Leans on nothing of its own.
e.source_system = %(source)s::text
