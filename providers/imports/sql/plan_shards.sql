-- No row. The shares of an import, unless it has some already.
-- Leans on the primary key of import_shards.
INSERT INTO import_shards (scope, kind, created_from, created_to)
SELECT %(scope)s, %(kind)s, window_from, window_to
  FROM unnest(%(froms)s::bigint[], %(tos)s::bigint[]) AS w (window_from, window_to)
 WHERE NOT EXISTS (SELECT FROM import_shards s WHERE s.scope = %(scope)s AND s.kind = %(kind)s)
    ON CONFLICT DO NOTHING
