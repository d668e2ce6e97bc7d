-- Returns nothing; whoever may hand a role of ours out takes it too, so that objects can be given to it.
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
