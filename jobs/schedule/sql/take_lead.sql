-- One row: taken, whether this session leads from now on.
-- Leans on nothing.
SELECT pg_try_advisory_lock(%(class)s::integer, 1) AS taken
