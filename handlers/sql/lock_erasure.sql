-- One row without meaning. Until the transaction ends, no reconciliation appends what it fetched before the erasure.
-- Leans on an advisory lock.
SELECT pg_advisory_xact_lock(hashtext('tenure erasure'))
