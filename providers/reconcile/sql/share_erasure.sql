-- One row without meaning: no erasure commits until the transaction ends.
-- Leans on an advisory lock.
SELECT pg_advisory_xact_lock_shared(hashtext('tenure erasure'))
