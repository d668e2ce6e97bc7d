-- One row, no use: no reconciliation appends what it fetched before the erasure, until the transaction ends.
-- Leans on an advisory lock.
SELECT pg_advisory_xact_lock(hashtext('tenure erasure'))
