-- One row: how many rows the retention event at that place deleted.
-- Uses the primary key of events; access_log_read_at or the primary key of log_checkpoints.
SELECT deleted FROM apply_retention(%(part)s::smallint, %(position)s::bigint)
