-- One boolean: whether the log and the service's role are there.
-- Leans on the system catalog by name.
SELECT to_regclass('events') IS NOT NULL AND to_regrole('tenure_app') IS NOT NULL AS has_schema
