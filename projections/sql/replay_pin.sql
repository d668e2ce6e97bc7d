-- No rows; how far the shadow tables will have been projected, and by which code.
-- Leans on the primary key of projection_checkpoints.
INSERT INTO projection_checkpoints (part, position, projector_version)
SELECT pinned.part, pinned.position, CASE WHEN pinned.position > 0 THEN %(version)s::text ELSE '' END
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS pinned (part, position)
