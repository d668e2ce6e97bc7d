-- name: begin_run
-- One row: name.
-- Uses the primary key of schedule_runs.
   UPDATE schedule_runs
      SET last_started_at = %(now)s::timestamptz, ran_by = %(ran_by)s::text
    WHERE name = %(name)s::text
RETURNING name

-- name: end_run
-- One row: name.
-- Uses the primary key of schedule_runs.
   UPDATE schedule_runs
      SET last_due_at = %(due)s::timestamptz, last_finished_at = %(now)s::timestamptz, failures = 0,
          runs = runs + 1, error = NULL, result = %(result)s::jsonb
    WHERE name = %(name)s::text
RETURNING name

-- name: fail_run
-- One row: failures, the consecutive ones including this one.
-- Uses the primary key of schedule_runs.
   UPDATE schedule_runs
      SET last_failed_at = %(now)s::timestamptz, failures = failures + 1, error = %(error)s::text
    WHERE name = %(name)s::text
RETURNING failures

-- name: leave_run
-- One row: left, true.
-- Uses no index.
SELECT pg_advisory_unlock(%(class)s::integer, %(slot)s::integer) AS left

-- name: list_runs
-- Rows: every handler that has run.
-- Uses no index: there are few handlers.
SELECT name, nullif(last_due_at, '-infinity') AS last_due_at, last_started_at, last_finished_at,
       last_failed_at, failures, runs, error, result, ran_by
  FROM schedule_runs
 ORDER BY name

-- name: meet_run
-- One row: last_due_at, failures, is_ahead (it ran for a time more than one period after the due one).
-- Uses the primary key of schedule_runs.
INSERT INTO schedule_runs (name) VALUES (%(name)s::text)
    ON CONFLICT (name) DO UPDATE SET name = EXCLUDED.name
RETURNING CASE WHEN last_due_at = '-infinity' THEN '0001-01-02T00:00:00Z' ELSE last_due_at END AS last_due_at,
          failures, last_due_at > %(due)s::timestamptz + %(every)s::interval AS is_ahead

-- name: take_run
-- One row: taken, whether this session may run the handler: no other session does.
-- Uses no index.
SELECT pg_try_advisory_lock(%(class)s::integer, %(slot)s::integer) AS taken
