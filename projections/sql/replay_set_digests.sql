-- No rows; the sum of digests is this, and nothing was moved since.
-- Leans on nothing: 65 rows.
UPDATE projection_digests SET digest = CASE WHEN slot = 0 THEN %(digest)s::numeric ELSE 0 END
