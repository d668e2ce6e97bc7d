-- One row: users whose history waits to be folded again, and for how many seconds the first of them has waited; 0 without any.
-- Leans on projection_states_refold_since.
SELECT count(*) AS users,
       greatest(coalesce(extract(epoch FROM clock_timestamp() - min(refold_since)), 0), 0)::float AS oldest_s
  FROM projection_states
 WHERE refold_after IS NOT NULL
