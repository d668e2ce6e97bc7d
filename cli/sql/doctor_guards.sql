-- One row: tables without row-level security, and guards of the log that are off.
-- Leans on nothing: catalogs.
SELECT ARRAY(SELECT c.relname::text FROM pg_class c
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
                AND c.relname !~ '^_?yoyo' ORDER BY 1)                            AS unprotected,
       ARRAY(SELECT t.tgname::text FROM pg_trigger t
              WHERE t.tgrelid = 'public.events'::regclass AND NOT t.tgisinternal AND t.tgenabled <> 'A'
              ORDER BY 1)                                                         AS guards_off,
       (SELECT count(*) FROM pg_trigger t
         WHERE t.tgrelid = 'public.events'::regclass AND NOT t.tgisinternal)      AS guards
