-- Rows: every endpoint.
-- Leans on nothing: they are few.
SELECT * FROM outgoing_endpoints ORDER BY created_at, id
