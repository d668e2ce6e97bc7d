-- At most one row: some user's rows were written under another catalog than the present one.
-- Leans on projection_states_catalog.
SELECT 1
  FROM projection_states s, projection_catalog c
 WHERE s.catalog_digest < c.digest OR s.catalog_digest > c.digest
 LIMIT 1
