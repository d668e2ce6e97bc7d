-- Why: a signed cookie alone is good until it runs out, also in the hands of a thief after its owner
-- signed out. So a session is a row: signing out deletes it, and the cookie holds no more than its name.
CREATE TABLE console_sessions (
    session_digest bytea       PRIMARY KEY,
    token_id       uuid        NOT NULL,
    began_at       timestamptz NOT NULL,
    seen_at        timestamptz NOT NULL
);
COMMENT ON COLUMN console_sessions.session_digest IS 'SHA-256 of the random name in the cookie, which is kept nowhere else.';
COMMENT ON COLUMN console_sessions.token_id IS 'Of api_tokens: revoked or expired, it ends its sessions.';
COMMENT ON COLUMN console_sessions.seen_at IS 'To the minute: half an hour without a request ends a session.';

ALTER TABLE console_sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY console_sessions_app ON console_sessions TO tenure_app USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON console_sessions TO tenure_app;
