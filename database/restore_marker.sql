-- name: end_other_restores
-- Rows: for each other session of a restore into this database, whether it has ended (true within 10 s).
-- Uses the lock of restoring, which the caller holds: no other restore is alive.
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = %(name)s

-- name: has_mark
-- One row: whether a restore was begun here and not finished.
-- Uses the system catalog by name.
SELECT to_regclass('restore_unfinished') IS NOT NULL

-- name: lock_restore
-- One row: whether this session has the lock of restoring into this database.
-- Uses advisory locks, which end with their session.
SELECT pg_try_advisory_lock(hashtextextended('tenure restore', 0))

-- name: mark_begun
-- Returns nothing; from here on every session sees that this database is half restored.
-- Uses no index.
CREATE TABLE restore_unfinished (file text NOT NULL, sha256 text NOT NULL, phase text NOT NULL, begun_at timestamptz NOT NULL)

-- name: read_mark
-- One row: file, sha256, phase, begun_at of the restore that was not finished.
-- Uses no index.
SELECT file, sha256, phase, begun_at FROM restore_unfinished

-- name: restored_from
-- One row: the comment of part_heads, where a finished restore notes its backup; null without table or comment.
-- Uses the system catalog by name.
SELECT obj_description(to_regclass('part_heads'), 'pg_class')
