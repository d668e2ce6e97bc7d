-- No rows used; holds every part, after the batches that hold some now.
-- Leans on the primary key of projection_checkpoints.
SELECT part FROM projection_checkpoints ORDER BY part FOR UPDATE
