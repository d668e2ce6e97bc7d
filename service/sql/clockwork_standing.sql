-- One row a scheduled handler: name, failures in a row, last_finished_at.
-- Leans on nothing: there are about a dozen.
SELECT name, failures, last_finished_at FROM schedule_runs ORDER BY name
