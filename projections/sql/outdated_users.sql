-- Rows: user_id of users whose rows were written under another catalog.
-- Leans on projection_states_catalog.
SELECT user_id
  FROM projection_states
 WHERE catalog_digest < %(digest)s OR catalog_digest > %(digest)s
 LIMIT %(limit)s
