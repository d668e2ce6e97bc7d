-- At most one row: state, catalog (null before any plan) of one user, as projected.
-- Leans on the primary key of projection_states.
SELECT s.state::text AS state, (SELECT c.catalog::text FROM projection_catalog c) AS catalog
  FROM projection_states s
 WHERE s.user_id = %(user_id)s::text AND s.state IS NOT NULL
