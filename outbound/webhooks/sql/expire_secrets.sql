-- No row. The secrets there are sign until then; one that was to end before ends before.
-- Leans on outgoing_secrets_endpoint.
UPDATE outgoing_secrets SET expires_at = least(expires_at, %(expires_at)s) WHERE endpoint_id = %(endpoint_id)s
