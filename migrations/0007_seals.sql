-- Why: the log must show an auditor that nothing in it was changed. Each part is one Merkle tree (RFC 6962)
-- whose nodes are written once; a checkpoint is the signed promise of all 64 roots. docs/proofs.md.
CREATE TABLE log_nodes (
    part  smallint NOT NULL CHECK (part BETWEEN 0 AND 63),
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 62),
    index bigint   NOT NULL CHECK (index >= 0),
    hash  bytea    NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (part, level, index)
);
COMMENT ON TABLE log_nodes IS 'Complete subtrees over leaves index << level to (index + 1) << level; leaf = position - 1.';

CREATE TABLE log_checkpoints (
    number    bigint      PRIMARY KEY CHECK (number > 0),
    signed_at timestamptz NOT NULL,
    size      bigint      NOT NULL,
    root      bytea       NOT NULL,
    note      text        NOT NULL,
    verifiers text[]      NOT NULL
);
CREATE INDEX log_checkpoints_signed ON log_checkpoints (signed_at DESC);
COMMENT ON COLUMN log_checkpoints.number IS '1, 2, 3 … without a gap.';
COMMENT ON COLUMN log_checkpoints.note IS 'The C2SP signed note; the other columns repeat it for people.';
COMMENT ON COLUMN log_checkpoints.verifiers IS 'Public keys that signed it, as name+hash+base64.';

-- One row: the log's name in every checkpoint. A proof names it, so it can never change.
CREATE TABLE log_origin (
    id     boolean PRIMARY KEY DEFAULT true CHECK (id),
    origin text    NOT NULL
);

DO $$
DECLARE
    sealed text;
BEGIN
    FOREACH sealed IN ARRAY ARRAY['log_nodes', 'log_checkpoints', 'log_origin'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', sealed || '_no_change', sealed);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', sealed || '_no_truncate', sealed);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', sealed, sealed || '_no_change');
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', sealed, sealed || '_no_truncate');
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', sealed);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_app, tenure_auditor USING (true)', sealed || '_read', sealed);
        EXECUTE format('CREATE POLICY %I ON %I FOR INSERT TO tenure_app WITH CHECK (true)', sealed || '_add', sealed);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO tenure_app', sealed);
        EXECUTE format('GRANT SELECT ON %I TO tenure_auditor', sealed);
    END LOOP;
END
$$;
