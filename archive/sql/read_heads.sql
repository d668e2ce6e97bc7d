-- 64 rows: part, head.
-- Leans on the primary key of part_heads.
SELECT part, head FROM part_heads ORDER BY part
