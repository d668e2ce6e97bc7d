-- One row: holds, whether this session still holds the lock.
-- Leans on nothing.
SELECT EXISTS (SELECT FROM pg_locks l
                WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.pid = pg_backend_pid()
                  AND l.classid = %(class)s::integer::oid AND l.objid = 1) AS holds
