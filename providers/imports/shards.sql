-- name: open_shards
-- Rows: the shares that are not done, the newest first.
-- Uses the primary key of import_shards.
SELECT kind, created_from, created_to, after
  FROM import_shards
 WHERE scope = %(scope)s AND kind = %(kind)s AND NOT is_done
 ORDER BY created_from DESC

-- name: plan_shards
-- No row. The shares of an import, unless it has some already.
-- Uses the primary key of import_shards.
INSERT INTO import_shards (scope, kind, created_from, created_to)
SELECT %(scope)s, %(kind)s, window_from, window_to
  FROM unnest(%(froms)s::bigint[], %(tos)s::bigint[]) AS w (window_from, window_to)
 WHERE NOT EXISTS (SELECT FROM import_shards s WHERE s.scope = %(scope)s AND s.kind = %(kind)s)
    ON CONFLICT DO NOTHING

-- name: split_shard
-- No row. The older half of what is left of a share becomes a share of its own; the newer half keeps
-- its place in the list, and the key, which is its beginning, moves up.
-- Uses the primary key of import_shards.
WITH newer AS (
    UPDATE import_shards SET created_from = %(middle)s
     WHERE scope = %(scope)s AND kind = %(kind)s AND created_from = %(created_from)s
    RETURNING scope, kind
)
INSERT INTO import_shards (scope, kind, created_from, created_to)
SELECT scope, kind, %(created_from)s, %(middle)s FROM newer
