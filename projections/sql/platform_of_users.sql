-- Rows: found_in, user_id, id of every campaign, job and list of some users.
-- Leans on campaigns_listed, scraping_jobs_listed and creator_lists_listed.
SELECT 'campaigns' AS found_in, user_id, id FROM campaigns WHERE user_id = ANY (%(users)s::text[])
UNION ALL
SELECT 'scraping_jobs', user_id, id FROM scraping_jobs WHERE user_id = ANY (%(users)s::text[])
UNION ALL
SELECT 'creator_lists', user_id, id FROM creator_lists WHERE user_id = ANY (%(users)s::text[])
