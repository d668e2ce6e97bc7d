-- Rows: functions of this name: how to call one exactly, and its source.
-- Leans on pg_proc.
SELECT p.oid::regprocedure::text AS signature, p.prosrc AS source
  FROM pg_proc p
 WHERE p.pronamespace = 'public'::regnamespace AND p.proname = %(name)s::text
