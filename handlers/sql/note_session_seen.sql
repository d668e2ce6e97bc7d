-- No row. Records a session's last use.
-- Leans on the primary key of console_sessions.
UPDATE console_sessions SET seen_at = %(now)s::timestamptz
 WHERE session_digest = %(session_digest)s::bytea AND seen_at < %(now)s::timestamptz
