-- One row: whether this session now holds that advisory lock, until it ends.
-- Leans on nothing.
SELECT pg_try_advisory_lock(%(class)s::integer, %(slot)s::integer) AS taken
