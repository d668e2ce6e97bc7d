-- No row. A page of a share is kept, in the transaction of its events.
-- Leans on the primary key of import_shards.
UPDATE import_shards
   SET after = %(after)s, objects = objects + %(objects)s, is_done = %(is_done)s
 WHERE scope = %(scope)s AND kind = %(kind)s AND created_from = %(created_from)s
