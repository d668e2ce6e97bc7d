-- One row per token, the newest first.
-- Leans on nothing: there are few tokens.
SELECT id, name, role, created_at, expires_at, revoked_at, last_used_at
  FROM api_tokens
 ORDER BY created_at DESC, id DESC
