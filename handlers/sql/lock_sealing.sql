-- One row: whether this transaction is the one that seals. Free again at its end, however it ends.
-- Leans on an advisory lock named after the table it keeps.
SELECT pg_try_advisory_xact_lock(hashtextextended('tenure log_nodes', 0))
