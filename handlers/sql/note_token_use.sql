-- No row. SKIP LOCKED: while another request records the same minute, this one does not wait for it.
-- Leans on the primary key of api_tokens.
UPDATE api_tokens
   SET last_used_at = %(now)s::timestamptz
 WHERE id = (SELECT id FROM api_tokens
              WHERE id = %(id)s::uuid
                AND (last_used_at IS NULL OR last_used_at <= %(not_since)s::timestamptz)
                FOR UPDATE SKIP LOCKED)
