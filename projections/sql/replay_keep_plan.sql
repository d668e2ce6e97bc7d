-- No rows; the plan under which the shadow tables are built.
-- Leans on nothing: one row.
INSERT INTO replay_plan (plan) VALUES (%(plan)s::json)
