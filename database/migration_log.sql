-- name: applied_migrations
-- Returns migration_id, applied_at, sha256, baseline of every applied migration, lowest number first.
-- Leans on migration_manifest's primary key.
SELECT m.migration_id, m.applied_at_utc AT TIME ZONE 'UTC' AS applied_at,
       f.sha256, coalesce(f.baseline, false) AS baseline
  FROM _yoyo_migration m
  LEFT JOIN migration_manifest f ON f.migration_id = m.migration_id
 ORDER BY m.migration_id COLLATE "C"

-- name: bookkeeping_exists
-- Returns one boolean: whether a migration was ever applied or marked here.
-- Leans on the system catalog by name.
SELECT to_regclass('migration_manifest') IS NOT NULL AND to_regclass('_yoyo_migration') IS NOT NULL

-- name: close_bookkeeping
-- Returns nothing; closes the runner's own tables to every role but their owner.
-- Leans on pg_class by name.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['migration_manifest', '_yoyo_migration', '_yoyo_log', '_yoyo_version'] LOOP
        EXECUTE format('ALTER TABLE IF EXISTS %I ENABLE ROW LEVEL SECURITY', name);
    END LOOP;
END
$$

-- name: create_manifest
-- Returns nothing; the checksum of every applied migration is kept beside yoyo's own tables.
-- Leans on the primary key: one row a migration.
CREATE TABLE IF NOT EXISTS migration_manifest (
    migration_id text        PRIMARY KEY,
    sha256       text        NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    baseline     boolean     NOT NULL DEFAULT false,
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
)

-- name: forget_checksum
-- Returns nothing; a rolled-back migration may be edited.
-- Leans on migration_manifest's primary key.
DELETE FROM migration_manifest WHERE migration_id = %(migration_id)s

-- name: hold_roles
-- Returns nothing; a login that may grant one of Tenure's roles takes it too, so that objects can be given to it.
-- Since PostgreSQL 16 the maker of a role may grant it but not become it. Leans on pg_roles by name.
DO $$
DECLARE
    wanted name;
BEGIN
    IF current_setting('server_version_num')::int < 160000 THEN
        RETURN;
    END IF;
    FOR wanted IN SELECT rolname FROM pg_roles WHERE rolname IN ('tenure_app', 'tenure_auditor', 'tenure_eraser') LOOP
        IF NOT pg_has_role(current_user, wanted, 'SET')
           AND pg_has_role(current_user, wanted, 'MEMBER WITH ADMIN OPTION') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER WITH SET TRUE', wanted);
        END IF;
    END LOOP;
END
$$

-- name: open_bookkeeping
-- Returns nothing; lets the service see which migrations are applied, once its roles are there.
-- Leans on pg_policies by name.
DO $$
DECLARE
    name text;
BEGIN
    IF to_regrole('tenure_app') IS NULL OR to_regrole('tenure_auditor') IS NULL THEN
        RETURN;
    END IF;
    FOREACH name IN ARRAY ARRAY['migration_manifest', '_yoyo_migration'] LOOP
        IF NOT EXISTS (SELECT FROM pg_policies
                        WHERE schemaname = current_schema() AND tablename = name AND policyname = name || '_seen') THEN
            EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO tenure_app, tenure_auditor USING (true)',
                           name || '_seen', name);
        END IF;
    END LOOP;
END
$$

-- name: record_checksum
-- Returns nothing; records which text of a migration was applied.
-- Leans on migration_manifest's primary key.
INSERT INTO migration_manifest (migration_id, sha256, baseline)
VALUES (%(migration_id)s, %(sha256)s, %(baseline)s)
