-- No row. Starts a session of that token.
-- Leans on the primary key of console_sessions.
INSERT INTO console_sessions (session_digest, token_id, began_at, seen_at)
VALUES (%(session_digest)s::bytea, %(token_id)s::uuid, %(now)s::timestamptz, %(now)s::timestamptz)
