-- One row: whether this login may write the log itself, past append_event().
-- Leans on the rights of the tables.
SELECT has_table_privilege('events', 'INSERT') AND has_table_privilege('part_heads', 'UPDATE')
       AND row_security_active('events') IS NOT TRUE AS allowed
