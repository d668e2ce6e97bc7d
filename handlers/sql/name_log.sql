-- No rows; names the log unless it has a name.
-- Leans on the primary key of log_origin.
INSERT INTO log_origin (origin) VALUES (%(origin)s) ON CONFLICT DO NOTHING
