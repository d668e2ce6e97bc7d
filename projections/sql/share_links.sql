-- No rows used; waits for the transactions that delete users, and lets none begin before this one ends.
-- Leans on an advisory lock of the schema.
SELECT pg_advisory_xact_lock_shared(hashtext('tenure links ' || current_schema()))
