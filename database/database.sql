-- name: brings_role
-- One row: whether this login has the role from its beginning, in whichever session it lands.
-- Uses pg_db_role_setting by login; session_user is the login also behind a pooler.
SELECT session_user = %(role)s
    OR EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
                WHERE r.rolname = session_user
                  AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                  AND 'role=' || %(role)s = ANY (s.setconfig)) AS brings

-- name: rights
-- Rows: every right on every object of the named schemas: kind, schema, name, object as GRANT has it, column, owner, whether
-- the owner's rights need SET ROLE, grantee, privilege, whether it may be passed on. The owner's own rights are left out; an
-- object on which no other role has a right has one row, without a grantee. Reads the system catalogs by namespace.
WITH spaces AS (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_namespace n WHERE n.nspname = ANY (%(schemas)s::text[])
), objects AS (
    SELECT 'schema' AS kind, s.nspname AS schema, s.nspname::text AS name, format('SCHEMA %%I', s.nspname) AS object, NULL::text AS "column",
           s.nspowner AS owner, coalesce(s.nspacl, acldefault('n', s.nspowner)) AS acl
      FROM spaces s
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, s.nspname, c.relname,
           format(CASE c.relkind WHEN 'S' THEN 'SEQUENCE %%I.%%I' ELSE 'TABLE %%I.%%I' END, s.nspname, c.relname), NULL,
           c.relowner, coalesce(c.relacl, acldefault((CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner))
      FROM spaces s JOIN pg_class c ON c.relnamespace = s.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'table', s.nspname, c.relname, format('TABLE %%I.%%I', s.nspname, c.relname), a.attname, c.relowner, a.attacl
      FROM spaces s
      JOIN pg_class c ON c.relnamespace = s.oid
      JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped AND a.attacl IS NOT NULL
    UNION ALL
    SELECT 'function', s.nspname, p.proname,
           format('ROUTINE %%I.%%I(%%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), NULL,
           p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
      FROM spaces s JOIN pg_proc p ON p.pronamespace = s.oid
     WHERE NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
)
SELECT o.kind, o.schema::text, o.name, o.object, o."column", pg_get_userbyid(o.owner)::text AS owner,
       NOT pg_has_role(o.owner, 'USAGE') AS must_switch,
       CASE WHEN r.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r.grantee)::text END AS grantee,
       r.privilege_type AS privilege, r.is_grantable AS grantable
  FROM objects o
  LEFT JOIN LATERAL aclexplode(o.acl) r ON r.grantee <> o.owner
 ORDER BY o.kind, o.object, o."column" NULLS FIRST, grantee, privilege

-- name: rights_members
-- Rows: role, and a role with rights on our objects that it is a member of, whether directly or not: member, role.
-- Reads pg_roles by name and pg_class by namespace.
SELECT m.rolname::text AS member, r.rolname::text AS role
  FROM pg_roles m
  JOIN pg_roles r ON r.oid <> m.oid AND pg_has_role(m.oid, r.oid, 'MEMBER')
 WHERE m.rolname = ANY (%(members)s::text[])
   AND (r.rolname = ANY (%(roles)s::text[])
        OR r.rolname IN ('pg_read_all_data', 'pg_write_all_data')
        OR r.oid = (SELECT c.relowner FROM pg_class c WHERE c.oid = to_regclass('public.events')))
 ORDER BY member, role

-- name: schema_snapshot
-- Returns kind, name, definition of everything migrations make in the current schema, sorted.
-- Uses the system catalogs by namespace; the migration runner's own table is left out.
WITH ours AS (
    SELECT c.* FROM pg_class c
     WHERE c.relnamespace = current_schema()::regnamespace
       AND c.relname <> 'migration_manifest'
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
        WHERE t.relname = 'migration_manifest')
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
   AND p.tablename <> 'migration_manifest'
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
