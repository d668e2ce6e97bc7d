-- One row, no use: no erasure commits between this look and the end of the transaction.
-- Leans on an advisory lock.
SELECT pg_advisory_xact_lock_shared(hashtext('tenure erasure'))
