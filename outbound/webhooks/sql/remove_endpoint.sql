-- No row. The endpoint and, with it, its secrets.
-- Leans on the primary key of outgoing_endpoints.
DELETE FROM outgoing_endpoints WHERE id = %(id)s
