-- No row. The existing secrets sign until then, or until their earlier end.
-- Leans on outgoing_secrets_endpoint.
UPDATE outgoing_secrets SET expires_at = least(expires_at, %(expires_at)s) WHERE endpoint_id = %(endpoint_id)s
