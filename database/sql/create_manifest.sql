-- Returns nothing; the checksum of every applied migration is kept beside yoyo's own tables.
-- Leans on the primary key: one row a migration.
CREATE TABLE IF NOT EXISTS migration_manifest (
    migration_id text        PRIMARY KEY,
    sha256       text        NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    baseline     boolean     NOT NULL DEFAULT false,
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
)
