-- One row when the token is valid; none when it was revoked, has expired or is unknown.
-- Leans on the primary key of api_tokens.
SELECT 1
  FROM api_tokens
 WHERE id = %(id)s::uuid
   AND revoked_at IS NULL
   AND (expires_at IS NULL OR expires_at > %(now)s::timestamptz)
