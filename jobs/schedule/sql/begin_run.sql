-- One row: name.
-- Leans on the primary key of schedule_runs.
   UPDATE schedule_runs
      SET last_started_at = %(now)s::timestamptz, ran_by = %(ran_by)s::text
    WHERE name = %(name)s::text
RETURNING name
