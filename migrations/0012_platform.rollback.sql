DROP TABLE list_items, creator_lists, scraping_results, scraping_jobs, campaigns;
DROP FUNCTION delete_results_of_job();
