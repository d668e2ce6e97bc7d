-- One row: taken, whether this session may run the handler: nobody else does.
-- Leans on nothing.
SELECT pg_try_advisory_lock(%(class)s::integer, %(slot)s::integer) AS taken
