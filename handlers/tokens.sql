-- name: create_token
-- One row: the token as stored.
-- Uses api_tokens_digest.
INSERT INTO api_tokens (id, name, role, token_digest, created_at, expires_at)
VALUES (%(id)s::uuid, %(name)s::text, %(role)s::text, %(token_digest)s::bytea,
        %(created_at)s::timestamptz, %(expires_at)s::timestamptz)
RETURNING id, name, role, created_at, expires_at, revoked_at, last_used_at

-- name: find_token
-- At most one row: the token with that digest.
-- Uses api_tokens_digest.
SELECT id, name, role, token_digest, expires_at, revoked_at, last_used_at
  FROM api_tokens
 WHERE token_digest = %(token_digest)s::bytea

-- name: list_tokens
-- One row per token, the newest first.
-- Uses no index: there are few tokens.
SELECT id, name, role, created_at, expires_at, revoked_at, last_used_at
  FROM api_tokens
 ORDER BY created_at DESC, id DESC

-- name: note_token_reads
-- No row. Adds one row to the access log for each subject.
-- Uses the primary key of access_log.
INSERT INTO access_log (id, token_id, reader, role, subject_id, fields, reason, request_id)
SELECT noted.id, %(token_id)s::uuid, %(reader)s::text, %(role)s::text, noted.subject_id,
       %(fields)s::text[], %(reason)s::text, %(request_id)s::text
  FROM unnest(%(ids)s::uuid[], %(subjects)s::text[]) AS noted (id, subject_id)

-- name: note_token_use
-- No row. SKIP LOCKED: while another request records the same minute, this one does not wait for it.
-- Uses the primary key of api_tokens.
UPDATE api_tokens
   SET last_used_at = %(now)s::timestamptz
 WHERE id = (SELECT id FROM api_tokens
              WHERE id = %(id)s::uuid
                AND (last_used_at IS NULL OR last_used_at <= %(not_since)s::timestamptz)
                FOR UPDATE SKIP LOCKED)

-- name: revoke_token
-- At most one row: the token after the update. An earlier revocation keeps its time.
-- Uses the primary key of api_tokens.
UPDATE api_tokens
   SET revoked_at = coalesce(revoked_at, %(now)s::timestamptz)
 WHERE id = %(id)s::uuid
RETURNING id, name, role, created_at, expires_at, revoked_at, last_used_at

-- name: token_is_valid
-- One row when the token is valid; none when it was revoked, has expired or is unknown.
-- Uses the primary key of api_tokens.
SELECT 1
  FROM api_tokens
 WHERE id = %(id)s::uuid
   AND revoked_at IS NULL
   AND (expires_at IS NULL OR expires_at > %(now)s::timestamptz)
