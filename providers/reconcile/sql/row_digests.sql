-- Rows: what the projector last wrote of each user, and under which catalog.
-- Leans on the primary key of projection_states.
SELECT user_id, row_digest, catalog_digest
  FROM projection_states WHERE user_id = ANY (%(users)s::text[])
