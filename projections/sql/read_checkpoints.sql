-- Rows: part, position.
-- Leans on nothing: 64 rows.
SELECT part, position FROM projection_checkpoints
