-- At most one row: the token of that id.
-- Leans on the primary key of api_tokens.
SELECT id, name, role, expires_at, revoked_at
  FROM api_tokens
 WHERE id = %(id)s::uuid
