-- No rows; the catalog as folded so far.
-- Leans on the primary key of projection_catalog.
INSERT INTO projection_catalog (id, digest, catalog) VALUES (true, %(digest)s, %(catalog)s::json)
    ON CONFLICT (id) DO UPDATE SET digest = EXCLUDED.digest, catalog = EXCLUDED.catalog
