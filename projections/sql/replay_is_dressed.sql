-- At most one row: the table has its primary key, so all definitions created together with it.
-- Leans on pg_index_indrelid_index.
SELECT 1 FROM pg_index WHERE indrelid = format('%%I.%%I', %(schema)s::text, %(table)s::text)::regclass AND indisprimary
