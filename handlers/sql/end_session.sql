-- No row. Ends the session.
-- Leans on the primary key of console_sessions.
DELETE FROM console_sessions WHERE session_digest = %(session_digest)s::bytea
