-- No rows; each run is neighbouring nodes of one level: hashes of 32 bytes, one after another.
-- Leans on the primary key of log_nodes: a node is written once.
INSERT INTO log_nodes (part, level, index, hash)
SELECT %(part)s::smallint, run.level, run.first + i, substring(run.hashes FROM i * 32 + 1 FOR 32)
  FROM unnest(%(levels)s::smallint[], %(firsts)s::bigint[], %(hashes)s::bytea[]) AS run (level, first, hashes)
 CROSS JOIN LATERAL generate_series(0, octet_length(run.hashes) / 32 - 1) AS i
