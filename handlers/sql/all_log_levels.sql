-- Rows: logger, level, until of every logger whose level was set.
-- Leans on nothing: there are few loggers.
SELECT logger, level, until
  FROM logging_configurations
 ORDER BY logger
