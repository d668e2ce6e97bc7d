-- Rows: logger, level, until of those in force at an instant.
-- Leans on nothing: there are few loggers.
SELECT logger, level, until
  FROM logging_configurations
 WHERE until IS NULL OR until > %(now)s::timestamptz
 ORDER BY logger
