-- Why: other services follow the log by signed webhooks. How far each endpoint was followed is kept
-- as a head vector, and moves in the transaction that puts its deliveries among background_jobs.
CREATE TABLE outgoing_endpoints (
    id              uuid        PRIMARY KEY,
    url             text        NOT NULL CHECK (length(url) <= 2000),
    event_types     text[]      NOT NULL CHECK (cardinality(event_types) BETWEEN 1 AND 100),
    include_data    boolean     NOT NULL,
    live_only       boolean     NOT NULL,
    description     text        NOT NULL,
    followed_to     bigint[]    NOT NULL CHECK (cardinality(followed_to) = 64),
    created_at      timestamptz NOT NULL,
    disabled_at     timestamptz,
    disabled_reason text
);
COMMENT ON COLUMN outgoing_endpoints.event_types IS 'Exact types, or a beginning followed by *.';
COMMENT ON COLUMN outgoing_endpoints.followed_to IS 'Position by part: index 1 is part 0.';

CREATE TABLE outgoing_secrets (
    id          uuid        PRIMARY KEY,
    endpoint_id uuid        NOT NULL REFERENCES outgoing_endpoints (id) ON DELETE CASCADE,
    secret      text        NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz
);
CREATE INDEX outgoing_secrets_endpoint ON outgoing_secrets (endpoint_id, created_at DESC);
COMMENT ON TABLE outgoing_secrets IS 'Signing keys of ours: they must be read to sign, so auditors get no right to them.';
COMMENT ON COLUMN outgoing_secrets.expires_at IS 'Set by a rotation: until then both sign.';

ALTER TABLE outgoing_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE outgoing_secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY outgoing_endpoints_app ON outgoing_endpoints TO tenure_app USING (true) WITH CHECK (true);
CREATE POLICY outgoing_endpoints_auditor ON outgoing_endpoints FOR SELECT TO tenure_auditor USING (true);
CREATE POLICY outgoing_secrets_app ON outgoing_secrets TO tenure_app USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON outgoing_endpoints, outgoing_secrets TO tenure_app;
GRANT SELECT ON outgoing_endpoints TO tenure_auditor;
