-- No row. The next import of this account starts again from the beginning.
-- Leans on the primary key of import_shards.
DELETE FROM import_shards WHERE scope = %(scope)s
