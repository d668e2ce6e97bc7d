DROP INDEX events_history;
ALTER TABLE projection_states DROP COLUMN refold_after, DROP COLUMN refold_until;
DROP TABLE fold_snapshots;
