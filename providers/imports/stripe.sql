-- name: forget_import
-- No row. The next import of this account starts again from the beginning.
-- Uses the primary key of import_shards.
DELETE FROM import_shards WHERE scope = %(scope)s

-- name: imported
-- Rows: kind, objects taken over so far, and whether all of it is done.
-- Uses the primary key of import_shards.
SELECT kind, sum(objects)::bigint AS objects, bool_and(is_done) AS is_done
  FROM import_shards WHERE scope = %(scope)s GROUP BY kind ORDER BY kind

-- name: keep_shard
-- No row. A page of a share is kept, in the transaction of its events.
-- Uses the primary key of import_shards.
UPDATE import_shards
   SET after = %(after)s, objects = objects + %(objects)s, is_done = %(is_done)s
 WHERE scope = %(scope)s AND kind = %(kind)s AND created_from = %(created_from)s
