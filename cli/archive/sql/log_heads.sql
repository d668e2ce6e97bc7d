-- 64 rows: part, head; locked, so that nobody appends until the transaction ends.
-- Leans on the primary key of part_heads.
SELECT part, head FROM part_heads ORDER BY part FOR UPDATE
