-- One row: the comment of part_heads, where a finished restore notes its backup; null without table or comment.
-- Leans on the system catalog by name.
SELECT obj_description(to_regclass('part_heads'), 'pg_class')
