-- One row: whether this transaction has the sealing lock. The lock is released when the transaction ends.
-- Leans on an advisory lock named after the table it protects.
SELECT pg_try_advisory_xact_lock(hashtextextended('tenure log_nodes', 0))
