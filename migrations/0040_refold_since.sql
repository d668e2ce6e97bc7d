-- Why: users whose history is still to be folded again were not counted anywhere, and the length of their
-- wait was not known. The index serves the projector, which takes those who wait longest, and that count.
ALTER TABLE projection_states ADD COLUMN refold_since timestamptz;
COMMENT ON COLUMN projection_states.refold_since IS 'Since when the history waits to be folded again; the server''s clock. Null when nothing is pending.';
UPDATE projection_states SET refold_since = now() WHERE refold_after IS NOT NULL;
DROP INDEX projection_states_refold;
CREATE INDEX projection_states_refold_since ON projection_states (refold_since) WHERE refold_after IS NOT NULL;
