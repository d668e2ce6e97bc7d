-- No rows; how far each part is projected, and by which code.
-- Leans on the primary key of projection_checkpoints.
UPDATE projection_checkpoints AS c
   SET position = v.position, projector_version = %(version)s, moved_at = clock_timestamp()
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS v (part, position)
 WHERE c.part = v.part
