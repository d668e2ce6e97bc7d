-- name: applied_names
-- Rows: the migrations this database has.
SELECT migration_id AS name FROM migration_manifest

-- name: other_versions
-- One row for each other version of the projector that built a part of the tables.
-- Uses the 64 rows of projection_checkpoints.
SELECT DISTINCT projector_version
  FROM projection_checkpoints
 WHERE position > 0 AND projector_version <> %(version)s::text

-- name: spill_a_little
-- One row, after about two megabytes were written to temporary files: more than the work_mem of the transaction.
-- Uses nothing; leaves nothing behind.
SELECT count(*) FROM (SELECT n FROM generate_series(1, 40000) AS n ORDER BY -n OFFSET 0) AS sorted
