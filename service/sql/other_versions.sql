-- One row for each other version of the projector that built a part of the tables.
-- Leans on the 64 rows of projection_checkpoints.
SELECT DISTINCT projector_version
  FROM projection_checkpoints
 WHERE position > 0 AND projector_version <> %(version)s::text
