-- One row: the head of a part; locked, so that no other transaction appends to the part until the transaction ends.
-- Leans on the primary key of part_heads.
SELECT head FROM part_heads WHERE part = %(part)s FOR UPDATE
