-- Rows: every right on every object of the named schemas: kind, schema, name, object as GRANT has it, column, owner, whether
-- the owner's rights need SET ROLE, grantee, privilege, whether it may be passed on. The owner's own rights are left out; an
-- object nobody else has a right on has one row, without a grantee. Reads the system catalogs by namespace.
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
