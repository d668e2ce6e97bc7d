-- One row or none: the endpoint.
-- Leans on the primary key of outgoing_endpoints.
SELECT * FROM outgoing_endpoints WHERE id = %(id)s
