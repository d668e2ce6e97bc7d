-- One row: the endpoint.
-- Leans on the primary key of outgoing_endpoints.
INSERT INTO outgoing_endpoints (id, url, event_types, include_data, live_only, description, followed_to, created_at)
VALUES (%(id)s, %(url)s, %(event_types)s, %(include_data)s, %(live_only)s, %(description)s, %(followed_to)s::bigint[], %(now)s)
RETURNING *
