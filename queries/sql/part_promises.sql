-- Rows in order: number and the part's line (part size root) of checkpoints between two numbers.
-- Leans on the primary key of log_checkpoints.
SELECT c.number, split_part(c.note, E'\n', %(line)s::integer)
  FROM log_checkpoints c
 WHERE c.number > %(after)s::bigint AND c.number <= %(upto)s::bigint
 ORDER BY c.number
 LIMIT %(limit)s
