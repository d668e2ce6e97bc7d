-- name: add_endpoint
-- One row: the endpoint.
-- Leans on the primary key of outgoing_endpoints.
INSERT INTO outgoing_endpoints (id, url, event_types, include_data, live_only, description, followed_to, created_at)
VALUES (%(id)s, %(url)s, %(event_types)s, %(include_data)s, %(live_only)s, %(description)s, %(followed_to)s::bigint[], %(now)s)
RETURNING *

-- name: add_secret
-- No row. Adds a signing secret.
-- Leans on the primary key of outgoing_secrets.
INSERT INTO outgoing_secrets (id, endpoint_id, secret, created_at) VALUES (%(id)s, %(endpoint_id)s, %(secret)s, %(now)s)

-- name: disable_endpoint
-- No row. Disables the endpoint.
-- Leans on the primary key of outgoing_endpoints.
UPDATE outgoing_endpoints SET disabled_at = %(now)s, disabled_reason = left(%(reason)s, 500)
 WHERE id = %(id)s AND disabled_at IS NULL

-- name: enable_endpoint
-- No row. Enables the endpoint; it continues where it stopped.
-- Leans on the primary key of outgoing_endpoints.
UPDATE outgoing_endpoints SET disabled_at = NULL, disabled_reason = NULL WHERE id = %(id)s

-- name: expire_secrets
-- No row. The existing secrets sign until then, or until their earlier end.
-- Leans on outgoing_secrets_endpoint.
UPDATE outgoing_secrets SET expires_at = least(expires_at, %(expires_at)s) WHERE endpoint_id = %(endpoint_id)s

-- name: find_endpoint
-- One row or none: the endpoint.
-- Leans on the primary key of outgoing_endpoints.
SELECT * FROM outgoing_endpoints WHERE id = %(id)s

-- name: list_endpoints
-- Rows: every endpoint.
-- Leans on nothing: they are few.
SELECT * FROM outgoing_endpoints ORDER BY created_at, id

-- name: live_secrets
-- Rows: secrets that sign now, the newest first.
-- Leans on outgoing_secrets_endpoint.
SELECT secret FROM outgoing_secrets
 WHERE endpoint_id = %(endpoint_id)s AND (expires_at IS NULL OR expires_at > %(now)s)
 ORDER BY created_at DESC, id DESC

-- name: remove_endpoint
-- No row. The endpoint and, with it, its secrets.
-- Leans on the primary key of outgoing_endpoints.
DELETE FROM outgoing_endpoints WHERE id = %(id)s
