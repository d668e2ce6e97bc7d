-- One row: taken, whether this session may run the handler: no other session does.
-- Leans on nothing.
SELECT pg_try_advisory_lock(%(class)s::integer, %(slot)s::integer) AS taken
