-- One row: the head of a part, and the digest of the catalog (null before any plan).
-- Leans on the primary key of part_heads.
SELECT h.head, (SELECT c.digest FROM projection_catalog c)
  FROM part_heads h
 WHERE h.part = %(part)s
