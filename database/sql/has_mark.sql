-- One row: whether a restore was begun here and not finished.
-- Leans on the system catalog by name.
SELECT to_regclass('restore_unfinished') IS NOT NULL
