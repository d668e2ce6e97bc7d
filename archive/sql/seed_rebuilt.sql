-- Returns nothing; what migrations put into the tables a replay builds, for nothing is projected yet.
-- Leans on their primary keys.
WITH checkpoints AS (
    INSERT INTO projection_checkpoints (part) SELECT generate_series(0, 63) ON CONFLICT DO NOTHING
)
INSERT INTO projection_digests (slot) SELECT generate_series(0, 64) ON CONFLICT DO NOTHING
