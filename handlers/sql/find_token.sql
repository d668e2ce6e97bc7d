-- At most one row: the token with that digest.
-- Leans on api_tokens_digest.
SELECT id, name, role, token_digest, expires_at, revoked_at, last_used_at
  FROM api_tokens
 WHERE token_digest = %(token_digest)s::bytea
