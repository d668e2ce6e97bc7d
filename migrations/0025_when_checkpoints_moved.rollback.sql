ALTER TABLE projection_checkpoints DROP COLUMN moved_at;
