-- One row: the first position of a part that has no event, up to one past its last.
-- Leans on the primary key of events.
SELECT coalesce(min(numbered.expected), 0)
  FROM (SELECT e.position, row_number() OVER (ORDER BY e.position) AS expected
          FROM events e WHERE e.part = %(part)s::smallint) numbered
 WHERE numbered.position <> numbered.expected
