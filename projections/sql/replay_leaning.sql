-- Rows: views and foreign keys of other tables that hang on the live projected tables.
-- Leans on pg_depend_reference_index.
SELECT DISTINCT format('view %%s', leaning.oid::regclass)
  FROM pg_depend d
  JOIN pg_rewrite r ON r.oid = d.objid
  JOIN pg_class leaning ON leaning.oid = r.ev_class
  JOIN pg_class live ON live.oid = d.refobjid AND live.relnamespace = 'public'::regnamespace
 WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND live.relname = ANY (%(tables)s::text[])
UNION
SELECT format('foreign key %%s of %%s', k.conname, k.conrelid::regclass)
  FROM pg_constraint k
  JOIN pg_class live ON live.oid = k.confrelid AND live.relnamespace = 'public'::regnamespace
  JOIN pg_class leaning ON leaning.oid = k.conrelid
 WHERE k.contype = 'f' AND live.relname = ANY (%(tables)s::text[])
   AND NOT (leaning.relname = ANY (%(tables)s::text[]) AND leaning.relnamespace = 'public'::regnamespace)
 ORDER BY 1
