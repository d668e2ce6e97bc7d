-- One row, after about two megabytes were written to temporary files: more than the work_mem of the transaction.
-- Leans on nothing; leaves nothing behind.
SELECT count(*) FROM (SELECT n FROM generate_series(1, 40000) AS n ORDER BY -n OFFSET 0) AS sorted
