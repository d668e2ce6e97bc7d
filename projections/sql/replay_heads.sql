-- Rows: part, head.
-- Leans on nothing: 64 rows.
SELECT part, head FROM part_heads ORDER BY part
