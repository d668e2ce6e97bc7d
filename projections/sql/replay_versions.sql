-- Rows: versions of the projector, other than this one, that some part was projected by.
-- Leans on nothing: 64 rows.
SELECT DISTINCT projector_version
  FROM projection_checkpoints
 WHERE position > 0 AND projector_version <> %(version)s
 ORDER BY 1
