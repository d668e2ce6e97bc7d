-- No rows; jobs that named one of these campaigns before it was known are its jobs now.
-- Leans on scraping_jobs_waiting.
UPDATE scraping_jobs AS j
   SET campaign_id = c.id
  FROM campaigns c
 WHERE c.id = ANY (%(campaigns)s::uuid[]) AND j.asked_campaign_id = c.id AND j.campaign_id IS NULL
   AND j.user_id = c.user_id
