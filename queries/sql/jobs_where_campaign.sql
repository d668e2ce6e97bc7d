-- Condition on jobs: of which campaign.
-- Leans on scraping_jobs_campaign.
j.campaign_id = %(campaign_id)s::uuid
