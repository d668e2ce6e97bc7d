-- Rows: those of these ids that this run has not seen.
-- Leans on the primary key of reconcile_seen.
SELECT wanted.id
  FROM unnest(%(ids)s::text[]) AS wanted (id)
 WHERE NOT EXISTS (SELECT FROM reconcile_seen s WHERE s.scope = %(scope)s AND s.object_id = wanted.id)
