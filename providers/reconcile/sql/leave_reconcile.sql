-- One row: whether the lock was held.
-- Leans on an advisory lock of the session.
SELECT pg_advisory_unlock(%(class)s, hashtext(%(scope)s)) AS held
