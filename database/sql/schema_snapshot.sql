-- Returns kind, name, definition of everything migrations make in the current schema, sorted.
-- Leans on the system catalogs by namespace; the migration runner's own tables are left out.
WITH ours AS (
    SELECT c.* FROM pg_class c
     WHERE c.relnamespace = current_schema()::regnamespace
       AND c.relname NOT IN ('migration_manifest', '_yoyo_migration', '_yoyo_log', '_yoyo_version', 'yoyo_lock')
), own_functions AS (
    SELECT p.* FROM pg_proc p
     WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind IN ('f', 'p')
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
)
SELECT 'table' AS kind, c.relname::text AS name,
       concat_ws(' ', c.relkind, 'rls=' || c.relrowsecurity, 'force=' || c.relforcerowsecurity,
                 c.relpersistence, 'owner=' || pg_get_userbyid(c.relowner), c.reloptions::text) AS definition
  FROM ours c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
UNION ALL
SELECT 'column', c.relname || '.' || a.attname,
       concat_ws(' ', a.attnum - (SELECT count(*) FROM pg_attribute x
                                   WHERE x.attrelid = c.oid AND x.attisdropped AND x.attnum < a.attnum),
                 format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                 nullif(a.attidentity, ''), nullif(a.attgenerated, ''), a.attstorage,
                 pg_get_expr(d.adbin, d.adrelid))
  FROM ours c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p', 'v', 'm')
UNION ALL
SELECT 'index', c.relname, pg_get_indexdef(c.oid) || concat(' ', c.reloptions::text)
  FROM ours c WHERE c.relkind IN ('i', 'I') AND c.oid NOT IN (
       SELECT i.indexrelid FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
        WHERE t.relname IN ('migration_manifest', '_yoyo_migration', '_yoyo_log', '_yoyo_version', 'yoyo_lock'))
UNION ALL
SELECT 'constraint', c.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
  FROM ours c JOIN pg_constraint k ON k.conrelid = c.oid
UNION ALL
SELECT 'view', c.relname, pg_get_viewdef(c.oid) FROM ours c WHERE c.relkind IN ('v', 'm')
UNION ALL
SELECT 'sequence', c.relname, concat_ws(' ', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
                                        s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
  FROM ours c JOIN pg_sequence s ON s.seqrelid = c.oid
UNION ALL
SELECT 'trigger', c.relname || '.' || t.tgname, t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid)
  FROM ours c JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
UNION ALL
SELECT 'policy', p.tablename || '.' || p.policyname,
       concat_ws(' ', p.permissive, p.cmd, p.roles::text, 'USING ' || p.qual, 'CHECK ' || p.with_check)
  FROM pg_policies p WHERE p.schemaname = current_schema()
   AND p.tablename NOT IN ('migration_manifest', '_yoyo_migration')
UNION ALL
SELECT 'function', p.oid::regprocedure::text,
       pg_get_functiondef(p.oid) || ' owner=' || pg_get_userbyid(p.proowner)
  FROM own_functions p
UNION ALL
SELECT 'enum', t.typname, string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)
  FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
 WHERE t.typnamespace = current_schema()::regnamespace GROUP BY t.typname
UNION ALL
SELECT 'grant', g.name, string_agg(g.one, ', ' ORDER BY g.one)
  FROM (SELECT c.relname AS name, coalesce(a.grantee, 0)::regrole || ':' || a.privilege_type AS one
          FROM ours c, aclexplode(coalesce(c.relacl, acldefault(
               CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner))) a
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL
        SELECT c.relname || '.' || t.attname, a.grantee::regrole || ':' || a.privilege_type
          FROM ours c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
        UNION ALL
        SELECT p.oid::regprocedure::text, a.grantee::regrole || ':' || a.privilege_type
          FROM own_functions p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        UNION ALL
        SELECT 'schema ' || n.nspname, a.grantee::regrole || ':' || a.privilege_type
          FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
         WHERE n.oid = current_schema()::regnamespace) g
 GROUP BY g.name
UNION ALL
SELECT 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description
  FROM pg_description d
 WHERE d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT oid FROM ours)
    OR d.classoid = 'pg_proc'::regclass AND d.objoid IN (SELECT oid FROM own_functions)
ORDER BY 1, 2, 3
