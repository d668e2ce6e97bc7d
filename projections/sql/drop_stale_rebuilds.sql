-- One row: is_free (no replay runs), dropped (schemas), kept_run (run_id of an unfinished replay that may go on).
-- Leans on events_type; takes the replay lock until the transaction ends.
SELECT is_free, dropped, kept_run FROM drop_stale_rebuilds()
