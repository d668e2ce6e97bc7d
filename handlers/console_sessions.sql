-- name: begin_session
-- No row. Starts a session of that token.
-- Uses the primary key of console_sessions.
INSERT INTO console_sessions (session_digest, token_id, began_at, seen_at)
VALUES (%(session_digest)s::bytea, %(token_id)s::uuid, %(now)s::timestamptz, %(now)s::timestamptz)

-- name: delete_sessions
-- One row for each session deleted.
-- Uses no index: one row per sign-in, of one day at most.
DELETE FROM console_sessions WHERE seen_at < %(seen_before)s::timestamptz OR began_at < %(began_before)s::timestamptz
RETURNING token_id

-- name: end_session
-- No row. Ends the session.
-- Uses the primary key of console_sessions.
DELETE FROM console_sessions WHERE session_digest = %(session_digest)s::bytea

-- name: find_session
-- At most one row: the session with that digest, and the token it began with.
-- Uses the primary keys of console_sessions and api_tokens.
SELECT s.began_at, s.seen_at, t.id AS token_id, t.name, t.role, t.expires_at, t.revoked_at
  FROM console_sessions s JOIN api_tokens t ON t.id = s.token_id
 WHERE s.session_digest = %(session_digest)s::bytea

-- name: note_session_seen
-- No row. Records a session's last use.
-- Uses the primary key of console_sessions.
UPDATE console_sessions SET seen_at = %(now)s::timestamptz
 WHERE session_digest = %(session_digest)s::bytea AND seen_at < %(now)s::timestamptz
