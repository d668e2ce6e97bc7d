DROP INDEX scraping_jobs_newest;
