-- At most one row: the user, if quarantined.
-- Leans on the primary key of quarantine.
SELECT q.user_id FROM quarantine q WHERE q.user_id = %(user_id)s::text
