DROP TABLE schedule_runs, background_jobs;
