-- One row: last_due_at, failures, is_ahead (it ran for a time more than one period after the due one).
-- Leans on the primary key of schedule_runs.
INSERT INTO schedule_runs (name) VALUES (%(name)s::text)
    ON CONFLICT (name) DO UPDATE SET name = EXCLUDED.name
RETURNING CASE WHEN last_due_at = '-infinity' THEN '0001-01-02T00:00:00Z' ELSE last_due_at END AS last_due_at,
          failures, last_due_at > %(due)s::timestamptz + %(every)s::interval AS is_ahead
