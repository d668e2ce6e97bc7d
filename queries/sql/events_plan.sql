-- One row: the plan of the statement that follows, with the planner's row estimate.
-- Leans on the statistics that ANALYZE keeps.
EXPLAIN (FORMAT JSON)
