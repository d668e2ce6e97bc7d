-- Rows: part, position; how far some parts are projected; locked, without parts that another transaction locks.
-- Leans on the primary key of projection_checkpoints.
SELECT part, position
  FROM projection_checkpoints
 WHERE part = ANY (%(parts)s::smallint[])
 ORDER BY part
   FOR UPDATE SKIP LOCKED
