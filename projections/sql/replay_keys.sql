-- Rows: definitions of a live table's primary key, unique and exclusion constraints, for its twin.
-- Leans on pg_constraint_conrelid_contypid_conname_index.
SELECT format('ALTER TABLE %%I.%%I ADD CONSTRAINT %%I %%s', %(schema)s::text, %(table)s::text, conname, pg_get_constraintdef(oid, true))
  FROM pg_constraint
 WHERE conrelid = format('public.%%I', %(table)s::text)::regclass AND contype IN ('p', 'u', 'x')
 ORDER BY contype, conname
