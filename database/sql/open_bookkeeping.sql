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
