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
