-- No row. Records ids that the provider listed in this run.
-- Leans on the primary key of reconcile_seen.
INSERT INTO reconcile_seen (scope, object_id)
SELECT %(scope)s, seen.id FROM unnest(%(ids)s::text[]) AS seen (id) ORDER BY 2
    ON CONFLICT DO NOTHING
