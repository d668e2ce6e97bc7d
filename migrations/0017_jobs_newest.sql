-- Why: a search over everybody's jobs for something common would read and sort every match; by this index
-- it walks the newest first and stops when the page is full.
CREATE INDEX scraping_jobs_newest ON scraping_jobs (created_at DESC, id DESC);
