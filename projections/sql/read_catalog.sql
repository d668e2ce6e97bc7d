-- At most one row: digest, catalog.
-- Leans on nothing: one row.
SELECT digest, catalog::text FROM projection_catalog
