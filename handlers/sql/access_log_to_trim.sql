-- One row: how many of the oldest accesses, at most about `limit`, are older than `before`, and the last one's instant.
-- Uses access_log_read_at. Accesses of one instant go together.
WITH oldest AS (
    SELECT max(a.read_at) AS through
      FROM (SELECT read_at FROM access_log WHERE read_at < %(before)s ORDER BY read_at LIMIT %(limit)s) AS a
)
SELECT o.through, (SELECT count(*) FROM access_log a WHERE a.read_at <= o.through) AS rows
  FROM oldest o WHERE o.through IS NOT NULL
