-- Rows: definitions that revoke default privileges on a schema and on every table in it.
-- Reads pg_class by namespace.
WITH closed AS (
    SELECT format('SCHEMA %%I', n.nspname) AS object, n.nspowner AS owner, n.nspacl AS acl
      FROM pg_namespace n WHERE n.nspname = %(schema)s::text
    UNION ALL
    SELECT format('TABLE %%I.%%I', n.nspname, c.relname), c.relowner, c.relacl
      FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
     WHERE n.nspname = %(schema)s::text
)
SELECT DISTINCT format('REVOKE ALL ON %%s FROM %%s CASCADE', closed.object,
                       CASE r.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.grantee)) END)
  FROM closed, aclexplode(closed.acl) AS r
 WHERE r.grantee <> closed.owner
