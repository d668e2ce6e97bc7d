-- At most one row: some user's rows were written under another catalog than the present one, or their history is still to be folded again.
-- Leans on projection_states_catalog and projection_states_refold_since.
(SELECT 1
   FROM projection_states s, projection_catalog c
  WHERE s.catalog_digest < c.digest OR s.catalog_digest > c.digest
  LIMIT 1)
UNION ALL
(SELECT 1 FROM projection_states WHERE refold_after IS NOT NULL LIMIT 1)
