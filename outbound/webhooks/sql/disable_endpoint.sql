-- No row. Disables the endpoint.
-- Leans on the primary key of outgoing_endpoints.
UPDATE outgoing_endpoints SET disabled_at = %(now)s, disabled_reason = left(%(reason)s, 500)
 WHERE id = %(id)s AND disabled_at IS NULL
