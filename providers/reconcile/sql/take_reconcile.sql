-- One row: taken, whether this session may reconcile the scope: no other one does.
-- Leans on an advisory lock of the session.
SELECT pg_try_advisory_lock(%(class)s, hashtext(%(scope)s)) AS taken
