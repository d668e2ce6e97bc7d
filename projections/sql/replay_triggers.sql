-- Rows: definitions of a live table's own triggers, its name unqualified, for its twin.
-- Leans on pg_trigger_tgrelid_tgname_index.
SELECT pg_get_triggerdef(t.oid, true)
  FROM pg_trigger t
 WHERE t.tgrelid = format('public.%%I', %(table)s::text)::regclass AND NOT t.tgisinternal
   AND NOT EXISTS (SELECT FROM pg_trigger made
                    WHERE made.tgrelid = format('%%I.%%I', %(schema)s::text, %(table)s::text)::regclass AND made.tgname = t.tgname)
 ORDER BY t.tgname
