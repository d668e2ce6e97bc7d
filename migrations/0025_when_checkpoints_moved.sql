-- Why: a projector that dies at one event and is started again for ever looked like one that is slow. When
-- each checkpoint moved last tells them apart, for every process and on every host, by the database's clock.
ALTER TABLE projection_checkpoints ADD COLUMN moved_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN projection_checkpoints.moved_at IS 'When the projector reached this position; the server''s clock.';
