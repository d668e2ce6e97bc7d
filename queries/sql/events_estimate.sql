-- One row: rows, how many events there are as of the last ANALYZE or vacuum; -1 before the first.
-- Leans on pg_class.
SELECT reltuples::bigint AS rows FROM pg_class WHERE oid = 'events'::regclass
