-- Rows: tables that Citus distributes, with their column; only where the extension is installed.
-- Leans on pg_dist_partition, which Citus keeps.
SELECT p.logicalrelid::regclass::text AS name,
       column_to_column_name(p.logicalrelid, p.partkey) AS distributed_by
  FROM pg_dist_partition p
 WHERE p.partmethod = 'h'
