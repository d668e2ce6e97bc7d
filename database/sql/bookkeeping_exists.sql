-- Returns one boolean: whether a migration was ever applied or marked here.
-- Leans on the system catalog by name.
SELECT to_regclass('migration_manifest') IS NOT NULL AND to_regclass('_yoyo_migration') IS NOT NULL
