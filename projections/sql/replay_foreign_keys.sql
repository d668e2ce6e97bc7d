-- Rows: definitions of a live table's foreign keys, names of projected tables unqualified, for its twin.
-- Leans on pg_constraint_conrelid_contypid_conname_index.
SELECT format('ALTER TABLE %%I.%%I ADD CONSTRAINT %%I %%s', %(schema)s::text, %(table)s::text, k.conname, pg_get_constraintdef(k.oid, true))
  FROM pg_constraint k
 WHERE k.conrelid = format('public.%%I', %(table)s::text)::regclass AND k.contype = 'f'
   AND NOT EXISTS (SELECT FROM pg_constraint made
                    WHERE made.conrelid = format('%%I.%%I', %(schema)s::text, %(table)s::text)::regclass AND made.conname = k.conname)
 ORDER BY k.conname
