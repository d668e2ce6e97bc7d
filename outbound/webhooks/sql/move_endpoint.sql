-- No row. The endpoint is followed up to this vector.
-- Leans on the primary key of outgoing_endpoints.
UPDATE outgoing_endpoints SET followed_to = %(followed_to)s::bigint[] WHERE id = %(id)s
