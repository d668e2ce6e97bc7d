-- Opening of a plan: no columns, since only the number of rows is asked.
-- Leans on the conditions after it.
SELECT
