-- One row: head, head_recorded (microseconds), events, last_position, nodes, sealed of one part, in one snapshot.
-- Leans on the primary keys of part_heads, events and log_nodes.
SELECT (SELECT h.head FROM part_heads h WHERE h.part = %(part)s::smallint) AS head,
       (SELECT CASE WHEN isfinite(h.recorded_at) THEN (extract(epoch FROM h.recorded_at) * 1000000)::bigint END
          FROM part_heads h WHERE h.part = %(part)s::smallint) AS head_recorded,
       (SELECT count(*) FROM events e WHERE e.part = %(part)s::smallint) AS events,
       (SELECT coalesce(max(e.position), 0) FROM events e WHERE e.part = %(part)s::smallint) AS last_position,
       (SELECT count(*) FROM log_nodes n WHERE n.part = %(part)s::smallint) AS nodes,
       (SELECT coalesce(max(n.index) + 1, 0) FROM log_nodes n
         WHERE n.part = %(part)s::smallint AND n.level = 0) AS sealed
