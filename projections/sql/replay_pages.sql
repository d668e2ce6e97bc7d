-- One row: how many pages the log's heap has; none where the table is partitioned or distributed.
-- Leans on nothing but the size of a file.
SELECT (pg_relation_size('public.events') / current_setting('block_size')::bigint)::bigint
