-- At most one row: the token after the update. An earlier revocation keeps its time.
-- Leans on the primary key of api_tokens.
UPDATE api_tokens
   SET revoked_at = coalesce(revoked_at, %(now)s::timestamptz)
 WHERE id = %(id)s::uuid
RETURNING id, name, role, created_at, expires_at, revoked_at, last_used_at
