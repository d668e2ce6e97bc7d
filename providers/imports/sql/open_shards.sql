-- Rows: the shares that are not done, the newest first.
-- Leans on the primary key of import_shards.
SELECT kind, created_from, created_to, after
  FROM import_shards
 WHERE scope = %(scope)s AND kind = %(kind)s AND NOT is_done
 ORDER BY created_from DESC
