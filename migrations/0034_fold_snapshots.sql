-- Why: a late event folded its user's whole history again, and a page of a history read all of it: 15 s and 21 s for
-- 200,000 events. Kept states of the fold let both begin near where they have to. The table holds the states; the two columns
-- say from where on a user's long history still has to be folded again, which is done in short transactions beside the
-- projector's batches. 0041 makes the index that reads one stream from an instant on.
CREATE TABLE fold_snapshots (
    user_id           text        NOT NULL,
    settled_at        timestamptz NOT NULL,
    state             bytea       NOT NULL,
    projector_version text        NOT NULL,
    PRIMARY KEY (user_id, settled_at)
);
COMMENT ON TABLE fold_snapshots IS 'States of users'' folds after every event up to and with settled_at. A missing one costs time, nothing else.';

ALTER TABLE projection_states ADD COLUMN refold_after bigint, ADD COLUMN refold_until bigint;
COMMENT ON COLUMN projection_states.refold_after IS 'Events after this instant (microseconds since 1970) are to be folded again; fold snapshots after it do not count. Null when nothing is pending.';
COMMENT ON COLUMN projection_states.refold_until IS 'Only after this instant may the new fold be found to run into the old one.';
CREATE INDEX projection_states_refold ON projection_states (user_id) WHERE refold_after IS NOT NULL;

ALTER TABLE fold_snapshots ENABLE ROW LEVEL SECURITY;
CREATE POLICY fold_snapshots_app ON fold_snapshots TO tenure_app USING (true) WITH CHECK (true);
CREATE POLICY fold_snapshots_auditor ON fold_snapshots FOR SELECT TO tenure_auditor USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON fold_snapshots TO tenure_app;
GRANT SELECT ON fold_snapshots TO tenure_auditor;
