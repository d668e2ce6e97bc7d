-- One row: the token as stored.
-- Leans on api_tokens_digest.
INSERT INTO api_tokens (id, name, role, token_digest, created_at, expires_at)
VALUES (%(id)s::uuid, %(name)s::text, %(role)s::text, %(token_digest)s::bytea,
        %(created_at)s::timestamptz, %(expires_at)s::timestamptz)
RETURNING id, name, role, created_at, expires_at, revoked_at, last_used_at
