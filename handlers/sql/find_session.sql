-- At most one row: the session with that digest, and the token it began with.
-- Leans on the primary keys of console_sessions and api_tokens.
SELECT s.began_at, s.seen_at, t.id AS token_id, t.name, t.role, t.expires_at, t.revoked_at
  FROM console_sessions s JOIN api_tokens t ON t.id = s.token_id
 WHERE s.session_digest = %(session_digest)s::bytea
