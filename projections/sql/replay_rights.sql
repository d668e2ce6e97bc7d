-- Rows: definitions of the rights on a live table, for its twin: grants, column grants, policies.
-- Leans on the primary keys of the system catalogs.
WITH live AS (SELECT * FROM pg_class WHERE oid = format('public.%%I', %(table)s::text)::regclass)
SELECT definition FROM (
SELECT 1 AS step, format('GRANT %%s ON %%I.%%I TO %%s%%s', given.privilege_type, %(schema)s::text, live.relname,
                 CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.grantee)) END,
                 CASE WHEN given.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS definition
  FROM live, aclexplode(live.relacl) AS given
UNION
SELECT 2, format('GRANT %%s (%%I) ON %%I.%%I TO %%s%%s', given.privilege_type, a.attname, %(schema)s::text, live.relname,
                 CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.grantee)) END,
                 CASE WHEN given.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
  FROM live JOIN pg_attribute a ON a.attrelid = live.oid AND a.attacl IS NOT NULL, aclexplode(a.attacl) AS given
UNION
SELECT 3, format('CREATE POLICY %%I ON %%I.%%I AS %%s FOR %%s TO %%s%%s%%s', p.polname, %(schema)s::text, live.relname,
                 CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                 CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                 (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(p.polroles) AS r),
                 coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ''),
                 coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''))
  FROM live JOIN pg_policy p ON p.polrelid = live.oid
) AS rights
 ORDER BY step
