-- Why: how far each part is projected, and each user's fold, so that an event in order costs the
-- same however long the history is. Rows, states and checkpoints are committed together.
CREATE TABLE projection_states (
    user_id         text        PRIMARY KEY,
    state           json        NOT NULL,
    last_at         timestamptz NOT NULL,
    catalog_digest  text        NOT NULL,
    row_digest      bytea       NOT NULL
);
CREATE INDEX projection_states_catalog ON projection_states (catalog_digest);
COMMENT ON COLUMN projection_states.last_at IS 'occurred_at of the last event folded: an earlier one means a refold.';
COMMENT ON COLUMN projection_states.row_digest IS 'SHA-256 over the user''s five rows as written.';

CREATE TABLE projection_checkpoints (
    part              smallint PRIMARY KEY CHECK (part BETWEEN 0 AND 63),
    position          bigint   NOT NULL DEFAULT 0,
    projector_version text     NOT NULL DEFAULT ''
) WITH (fillfactor = 10);
INSERT INTO projection_checkpoints (part) SELECT generate_series(0, 63);

CREATE TABLE quarantine (
    user_id     text        PRIMARY KEY,
    part        smallint    NOT NULL,
    position    bigint      NOT NULL,
    event_id    uuid        NOT NULL,
    event_type  text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    field       text        NOT NULL,
    reason      text        NOT NULL
);
COMMENT ON TABLE quarantine IS 'Users whose history stops at an event that cannot be folded.';

DO $$
DECLARE
    projected text;
BEGIN
    FOREACH projected IN ARRAY ARRAY['projection_states', 'projection_checkpoints', 'quarantine'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', projected);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', projected || '_app', projected);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', projected || '_auditor', projected);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', projected);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', projected);
    END LOOP;
END
$$;
