-- Rows: views that depend on the live projected tables.
-- Leans on pg_depend_reference_index.
SELECT DISTINCT format('view %%s', leaning.oid::regclass)
  FROM pg_depend d
  JOIN pg_rewrite r ON r.oid = d.objid
  JOIN pg_class leaning ON leaning.oid = r.ev_class
  JOIN pg_class live ON live.oid = d.refobjid AND live.relnamespace = 'public'::regnamespace
 WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND live.relname = ANY (%(tables)s::text[])
 ORDER BY 1
