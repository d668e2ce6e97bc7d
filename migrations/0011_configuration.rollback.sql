DROP TABLE logging_configurations, system_configurations;
