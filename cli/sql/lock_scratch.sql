-- Nothing of use; the session holds the lock of a database for the moment until it ends.
-- Leans on advisory locks, which end with their session.
SELECT pg_advisory_lock(hashtextextended(%(name)s, 0))
