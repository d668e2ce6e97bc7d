-- No row. The older half of what is left of a share becomes a share of its own; the newer half keeps
-- its place in the list, and the key, which is its beginning, moves up.
-- Leans on the primary key of import_shards.
WITH newer AS (
    UPDATE import_shards SET created_from = %(middle)s
     WHERE scope = %(scope)s AND kind = %(kind)s AND created_from = %(created_from)s
    RETURNING scope, kind
)
INSERT INTO import_shards (scope, kind, created_from, created_to)
SELECT scope, kind, %(created_from)s, %(middle)s FROM newer
