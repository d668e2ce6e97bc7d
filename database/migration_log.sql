-- name: applied_migrations
-- Returns migration_id, applied_at, sha256, baseline of every applied migration, lowest number first.
-- Uses migration_manifest's primary key.
SELECT migration_id, recorded_at AS applied_at, sha256, baseline
  FROM migration_manifest
 ORDER BY migration_id COLLATE "C"

-- name: create_manifest
-- Returns nothing; the table of applied migrations, closed to every role but its owner.
-- Uses the primary key: one row a migration.
CREATE TABLE IF NOT EXISTS migration_manifest (
    migration_id text        PRIMARY KEY,
    sha256       text        NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    baseline     boolean     NOT NULL DEFAULT false,
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE migration_manifest ENABLE ROW LEVEL SECURITY

-- name: forget_migration
-- Returns nothing; a rolled-back migration may be edited.
-- Uses migration_manifest's primary key.
DELETE FROM migration_manifest WHERE migration_id = %(migration_id)s

-- name: hold_roles
-- Returns nothing; a login that may grant one of Tenure's roles takes it too, so that objects can be given to it.
-- Since PostgreSQL 16 the maker of a role may grant it but not become it. Uses pg_roles by name.
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

-- name: manifest_exists
-- Returns one boolean: whether a migration was ever applied or marked here.
-- Uses the system catalog by name.
SELECT to_regclass('migration_manifest') IS NOT NULL

-- name: open_manifest
-- Returns nothing; lets the service see which migrations are applied, once its roles are there.
-- Uses pg_policies by name.
DO $$
BEGIN
    IF to_regrole('tenure_app') IS NULL OR to_regrole('tenure_auditor') IS NULL
       OR EXISTS (SELECT FROM pg_policies WHERE schemaname = current_schema()
                     AND tablename = 'migration_manifest' AND policyname = 'migration_manifest_seen') THEN
        RETURN;
    END IF;
    CREATE POLICY migration_manifest_seen ON migration_manifest FOR SELECT TO tenure_app, tenure_auditor USING (true);
END
$$

-- name: record_migration
-- Returns nothing; records which text of a migration was applied.
-- Uses migration_manifest's primary key.
INSERT INTO migration_manifest (migration_id, sha256, baseline)
VALUES (%(migration_id)s, %(sha256)s, %(baseline)s)
