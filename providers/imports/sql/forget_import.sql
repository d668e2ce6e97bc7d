-- No row. The next import of this account begins anew.
-- Leans on the primary key of import_shards.
DELETE FROM import_shards WHERE scope = %(scope)s
