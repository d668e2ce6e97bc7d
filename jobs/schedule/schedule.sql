-- name: holds_lead
-- One row: holds, whether this session still holds the lock.
-- Uses no index.
SELECT EXISTS (SELECT FROM pg_locks l
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.pid = pg_backend_pid()
                  AND l.classid = %(class)s::integer::oid AND l.objid = 1) AS holds

-- name: take_lead
-- One row: taken, whether this session leads from now on.
-- Uses no index.
SELECT pg_try_advisory_lock(%(class)s::integer, 1) AS taken
