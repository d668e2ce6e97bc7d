-- Rows: definitions of a live table's owner, storage options, comment and row security, for its twin.
-- Leans on the primary key of pg_class.
SELECT definition
  FROM pg_class live
 CROSS JOIN LATERAL (VALUES
       (1, format('ALTER TABLE %%I.%%I OWNER TO %%I', %(schema)s::text, live.relname, pg_get_userbyid(live.relowner))),
       (2, CASE WHEN live.reloptions IS NOT NULL
                THEN format('ALTER TABLE %%I.%%I SET (%%s)', %(schema)s::text, live.relname, array_to_string(live.reloptions, ', ')) END),
       (3, CASE WHEN live.relrowsecurity THEN format('ALTER TABLE %%I.%%I ENABLE ROW LEVEL SECURITY', %(schema)s::text, live.relname) END),
       (4, CASE WHEN live.relforcerowsecurity THEN format('ALTER TABLE %%I.%%I FORCE ROW LEVEL SECURITY', %(schema)s::text, live.relname) END),
       (5, format('COMMENT ON TABLE %%I.%%I IS %%L', %(schema)s::text, live.relname, obj_description(live.oid, 'pg_class')))
       ) AS options (step, definition)
 WHERE live.oid = format('public.%%I', %(table)s::text)::regclass AND definition IS NOT NULL
 ORDER BY step
