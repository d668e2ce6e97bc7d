-- No rows used; waits for the transactions that name users for the first time, and lets none begin before this one ends.
-- Leans on an advisory lock of the schema.
SELECT pg_advisory_xact_lock(hashtext('tenure links ' || current_schema()))
