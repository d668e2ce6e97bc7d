-- No rows used; locks every part, after the batches that now lock some.
-- Leans on the primary key of projection_checkpoints.
SELECT part FROM projection_checkpoints ORDER BY part FOR UPDATE
