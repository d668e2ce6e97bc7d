-- Rows: those of these tables that are not there, or have no such column.
-- Leans on pg_attribute.
SELECT wanted.name
  FROM unnest(%(tables)s::text[]) AS wanted (name)
 WHERE NOT EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = to_regclass('public.' || quote_ident(wanted.name))
                      AND a.attname = %(column)s::text AND NOT a.attisdropped)
