-- One row: failures, the consecutive ones including this one.
-- Leans on the primary key of schedule_runs.
   UPDATE schedule_runs
      SET last_failed_at = %(now)s::timestamptz, failures = failures + 1, error = %(error)s::text
    WHERE name = %(name)s::text
RETURNING failures
