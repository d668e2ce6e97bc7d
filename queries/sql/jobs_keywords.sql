-- One more column of a job.
-- Leans on jobs_source.
     , j.keywords
