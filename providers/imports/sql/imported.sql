-- Rows: kind, objects taken over so far, and whether all of it is done.
-- Leans on the primary key of import_shards.
SELECT kind, sum(objects)::bigint AS objects, bool_and(is_done) AS is_done
  FROM import_shards WHERE scope = %(scope)s GROUP BY kind ORDER BY kind
