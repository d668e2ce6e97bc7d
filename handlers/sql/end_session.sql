-- No row. The session is over; its name opens nothing.
-- Leans on the primary key of console_sessions.
DELETE FROM console_sessions WHERE session_digest = %(session_digest)s::bytea
