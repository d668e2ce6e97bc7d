-- name: add_destination
-- One row: the destination.
-- Uses the primary key of outgoing_destinations.
INSERT INTO outgoing_destinations (id, url, event_types, include_data, live_only, description, followed_to, created_at)
VALUES (%(id)s, %(url)s, %(event_types)s, %(include_data)s, %(live_only)s, %(description)s, %(followed_to)s::bigint[], %(now)s)
RETURNING *

-- name: add_secret
-- No row. Adds a signing secret.
-- Uses the primary key of outgoing_secrets.
INSERT INTO outgoing_secrets (id, destination_id, secret, created_at) VALUES (%(id)s, %(destination_id)s, %(secret)s, %(now)s)

-- name: disable_destination
-- No row. Disables the destination.
-- Uses the primary key of outgoing_destinations.
UPDATE outgoing_destinations SET disabled_at = %(now)s, disabled_reason = left(%(reason)s, 500)
 WHERE id = %(id)s AND disabled_at IS NULL

-- name: enable_destination
-- No row. Enables the destination; it continues where it stopped.
-- Uses the primary key of outgoing_destinations.
UPDATE outgoing_destinations SET disabled_at = NULL, disabled_reason = NULL WHERE id = %(id)s

-- name: expire_secrets
-- No row. The existing secrets sign until then, or until their earlier end.
-- Uses outgoing_secrets_destination.
UPDATE outgoing_secrets SET expires_at = least(expires_at, %(expires_at)s) WHERE destination_id = %(destination_id)s

-- name: find_destination
-- One row or none: the destination.
-- Uses the primary key of outgoing_destinations.
SELECT * FROM outgoing_destinations WHERE id = %(id)s

-- name: list_destinations
-- Rows: every destination.
-- Uses no index: they are few.
SELECT * FROM outgoing_destinations ORDER BY created_at, id

-- name: live_secrets
-- Rows: secrets that sign now, the newest first.
-- Uses outgoing_secrets_destination.
SELECT secret FROM outgoing_secrets
 WHERE destination_id = %(destination_id)s AND (expires_at IS NULL OR expires_at > %(now)s)
 ORDER BY created_at DESC, id DESC

-- name: remove_destination
-- No row. The destination and, with it, its secrets.
-- Uses the primary key of outgoing_destinations.
DELETE FROM outgoing_destinations WHERE id = %(id)s
