-- Undoes 0034_fold_snapshots.sql; the states are derived from the log, so nothing is lost but time.
ALTER TABLE projection_states DROP COLUMN refold_after, DROP COLUMN refold_until;
DROP TABLE fold_snapshots;
