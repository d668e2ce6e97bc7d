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
