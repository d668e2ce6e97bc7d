-- Why: who may ask, and a note of each time somebody read a person's data.
CREATE TABLE api_tokens (
    id           uuid        PRIMARY KEY,
    name         text        NOT NULL,
    role         text        NOT NULL CHECK (role IN ('service', 'auditor', 'operator')),
    token_digest bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    CONSTRAINT api_tokens_digest UNIQUE (token_digest)
);
COMMENT ON COLUMN api_tokens.token_digest IS 'SHA-256 of the token; the token itself is shown once and kept nowhere.';

CREATE TABLE access_log (
    id         uuid        PRIMARY KEY,
    read_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    token_id   uuid,
    reader     text        NOT NULL,
    role       text        NOT NULL,
    subject_id text        NOT NULL,
    fields     text[]      NOT NULL,
    reason     text        NOT NULL,
    request_id text
);
CREATE INDEX access_log_subject ON access_log (subject_id, read_at DESC);
CREATE INDEX access_log_read_at ON access_log (read_at DESC, id DESC);
COMMENT ON TABLE access_log IS 'Each read of personal data: who, whose, which fields, why. Append-only.';

CREATE TRIGGER access_log_no_update BEFORE UPDATE ON access_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_log_no_truncate BEFORE TRUNCATE ON access_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE api_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_tokens_app ON api_tokens TO tenure_app USING (true) WITH CHECK (true);
CREATE POLICY access_log_app_read ON access_log FOR SELECT TO tenure_app, tenure_auditor USING (true);
CREATE POLICY access_log_app_note ON access_log FOR INSERT TO tenure_app WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON api_tokens TO tenure_app;
GRANT SELECT, INSERT ON access_log TO tenure_app;
GRANT SELECT ON access_log TO tenure_auditor;
