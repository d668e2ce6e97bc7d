-- One row: whether this session now holds the replay lock.
-- Leans on an advisory lock of the session, free as soon as its session ends.
SELECT pg_try_advisory_lock(hashtext('tenure replay'))
