-- No row. Enables the endpoint; it continues where it stopped.
-- Leans on the primary key of outgoing_endpoints.
UPDATE outgoing_endpoints SET disabled_at = NULL, disabled_reason = NULL WHERE id = %(id)s
