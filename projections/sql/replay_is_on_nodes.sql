-- One row if the log lies on several nodes, else none; only where there is Citus.
-- Leans on pg_dist_partition, which Citus keeps.
SELECT 1 FROM pg_dist_partition WHERE logicalrelid = 'public.events'::regclass
