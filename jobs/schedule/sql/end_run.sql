-- One row: name.
-- Leans on the primary key of schedule_runs.
   UPDATE schedule_runs
      SET last_due_at = %(due)s::timestamptz, last_finished_at = %(now)s::timestamptz, failures = 0,
          runs = runs + 1, error = NULL, result = %(result)s::jsonb
    WHERE name = %(name)s::text
RETURNING name
