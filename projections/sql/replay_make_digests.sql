-- No rows; empty slots for the sum of digests.
-- Leans on the primary key of projection_digests.
INSERT INTO projection_digests (slot) SELECT slot FROM public.projection_digests
