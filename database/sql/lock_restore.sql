-- One row: whether this session has the lock of restoring into this database.
-- Leans on advisory locks, which end with their session.
SELECT pg_try_advisory_lock(hashtextextended('tenure restore', 0))
