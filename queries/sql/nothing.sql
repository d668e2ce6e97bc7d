-- Opening of a plan: no columns, since only the number of rows matters.
-- Leans on the conditions after it.
SELECT
