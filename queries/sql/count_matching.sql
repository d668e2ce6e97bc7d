-- Opening of a count: how many rows match.
-- Leans on the conditions after it.
SELECT count(*) AS total
