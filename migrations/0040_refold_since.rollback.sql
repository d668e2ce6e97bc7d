-- Undoes 0040_refold_since.sql; for how long a user has waited is lost, and nothing depends on it.
CREATE INDEX projection_states_refold ON projection_states (user_id) WHERE refold_after IS NOT NULL;
ALTER TABLE projection_states DROP COLUMN refold_since;
