-- One row: the head of every part, in part order.
-- Leans on the 64 rows of part_heads.
SELECT array_agg(head ORDER BY part) AS heads FROM part_heads
