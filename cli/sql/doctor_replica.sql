-- One row: whether this server replays another's log, how far it is, and when it replayed last.
-- Leans on the 64 rows of part_heads.
SELECT pg_is_in_recovery()                                                    AS in_recovery,
       CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END       AS paused,
       clock_timestamp() - pg_last_xact_replay_timestamp()                    AS replayed_ago,
       ARRAY(SELECT h.head FROM part_heads h ORDER BY h.part)                 AS heads
