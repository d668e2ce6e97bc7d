-- One row: left, true.
-- Leans on nothing.
SELECT pg_advisory_unlock(%(class)s::integer, %(slot)s::integer) AS left
