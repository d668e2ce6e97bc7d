-- One row or none: an endpoint that is followed, locked; none when another process follows it now.
-- Leans on the primary key of outgoing_endpoints.
SELECT * FROM outgoing_endpoints WHERE id = %(id)s AND disabled_at IS NULL FOR UPDATE SKIP LOCKED
