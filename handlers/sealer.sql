-- name: lock_sealing
-- One row: whether this transaction has the sealing lock. The lock is released when the transaction ends.
-- Uses an advisory lock named after the table it protects.
SELECT pg_try_advisory_xact_lock(hashtextextended('tenure log_nodes', 0))

-- name: name_log
-- No rows; names the log unless it has a name.
-- Uses the primary key of log_origin.
INSERT INTO log_origin (origin) VALUES (%(origin)s) ON CONFLICT DO NOTHING

-- name: write_checkpoint
-- No rows; one signed checkpoint.
-- Uses the primary key of log_checkpoints: a number is given once.
INSERT INTO log_checkpoints (number, signed_at, size, root, note, verifiers)
VALUES (%(number)s, %(signed_at)s, %(size)s, %(root)s, %(note)s, %(verifiers)s)

-- name: write_nodes
-- No rows; each run is neighbouring nodes of one level: hashes of 32 bytes, one after another.
-- Uses the primary key of log_nodes: a node is written once.
INSERT INTO log_nodes (part, level, index, hash)
SELECT %(part)s::smallint, run.level, run.first + i, substring(run.hashes FROM i * 32 + 1 FOR 32)
  FROM unnest(%(levels)s::smallint[], %(firsts)s::bigint[], %(hashes)s::bytea[]) AS run (level, first, hashes)
 CROSS JOIN LATERAL generate_series(0, octet_length(run.hashes) / 32 - 1) AS i
