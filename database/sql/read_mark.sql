-- One row: file, sha256, phase, begun_at of the restore that was not finished.
-- Leans on nothing.
SELECT file, sha256, phase, begun_at FROM restore_unfinished
