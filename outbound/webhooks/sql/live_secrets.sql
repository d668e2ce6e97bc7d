-- Rows: secrets that sign now, the newest first.
-- Leans on outgoing_secrets_endpoint.
SELECT secret FROM outgoing_secrets
 WHERE endpoint_id = %(endpoint_id)s AND (expires_at IS NULL OR expires_at > %(now)s)
 ORDER BY created_at DESC, id DESC
