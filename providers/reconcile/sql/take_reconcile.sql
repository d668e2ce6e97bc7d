-- One row: taken, whether nobody else reconciles this scope now.
-- Leans on an advisory lock of the session.
SELECT pg_try_advisory_lock(%(class)s, hashtext(%(scope)s)) AS taken
