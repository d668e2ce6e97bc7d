-- Rows: part, position; how far some parts are projected, those locked that nobody else projects meanwhile.
-- Leans on the primary key of projection_checkpoints.
SELECT part, position
  FROM projection_checkpoints
 WHERE part = ANY (%(parts)s::smallint[])
 ORDER BY part
   FOR UPDATE SKIP LOCKED
