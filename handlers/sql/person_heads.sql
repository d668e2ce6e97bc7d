-- Rows: part, head (the last position) of some parts.
-- Leans on the primary key of part_heads.
SELECT DISTINCT h.part, h.head
  FROM unnest(%(parts)s::smallint[]) AS wanted (part)
  JOIN part_heads h ON h.part = wanted.part
