-- Why: the service must not be able to edit its own past, so it runs as a role that owns nothing.
-- Roles are shared by a whole server; a second database on it finds them made already.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['tenure_app', 'tenure_auditor', 'tenure_eraser'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
        -- CREATE ROLE does not make its maker a member before PostgreSQL 16; SET ROLE needs it.
        -- Two databases of one server may be migrated at once, so a lost race is no error.
        BEGIN
            IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
                EXECUTE format('GRANT %I TO %I', wanted, current_user);
            END IF;
        EXCEPTION WHEN unique_violation OR internal_error THEN
            NULL;
        END;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO tenure_app, tenure_auditor, tenure_eraser;
