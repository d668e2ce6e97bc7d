-- Why: how far each part is projected, and each user's fold, so that an event in order costs the
-- same however long the history is. Rows, states and checkpoints are committed together.
CREATE TABLE projection_states (
    user_id         text        PRIMARY KEY,
    state           json,
    catalog_digest  text        NOT NULL DEFAULT '',
    row_digest      bytea
);
-- A state is rewritten with every event: kept uncompressed in its row, like the payloads it is made of.
ALTER TABLE projection_states SET (toast_tuple_target = 8160);
ALTER TABLE projection_states ALTER COLUMN state SET STORAGE MAIN;
CREATE INDEX projection_states_catalog ON projection_states (catalog_digest);
COMMENT ON COLUMN projection_states.state IS 'Null only inside the transaction that makes the row, to be locked.';
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

-- The catalog as folded so far: one row.
CREATE TABLE projection_catalog (
    id      boolean PRIMARY KEY DEFAULT true CHECK (id),
    digest  text    NOT NULL,
    catalog json    NOT NULL
);

DO $$
DECLARE
    projected text;
BEGIN
    FOREACH projected IN ARRAY ARRAY['projection_states', 'projection_checkpoints',
                                     'projection_catalog', 'quarantine'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', projected);
        EXECUTE format('CREATE POLICY %I ON %I TO tenure_app USING (true) WITH CHECK (true)', projected || '_app', projected);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_auditor USING (true)', projected || '_auditor', projected);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO tenure_app', projected);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', projected);
    END LOOP;
END
$$;
