-- Returns nothing; records which text of a migration was applied.
-- Leans on migration_manifest's primary key.
INSERT INTO migration_manifest (migration_id, sha256, baseline)
VALUES (%(migration_id)s, %(sha256)s, %(baseline)s)
