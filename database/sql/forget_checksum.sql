-- Returns nothing; a rolled-back migration may be edited.
-- Leans on migration_manifest's primary key.
DELETE FROM migration_manifest WHERE migration_id = %(migration_id)s
