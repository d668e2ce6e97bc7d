-- Rows: digest of the rows the projector last wrote for each user, and of the catalog.
-- Leans on the primary key of projection_states.
SELECT user_id, row_digest, catalog_digest
  FROM projection_states WHERE user_id = ANY (%(users)s::text[])
