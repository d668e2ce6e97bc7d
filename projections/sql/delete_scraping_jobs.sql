-- No rows; removes rows that no event speaks of any more; what hangs on them follows.
-- Leans on the primary key of scraping_jobs.
DELETE FROM scraping_jobs AS gone
 USING unnest(%(users)s::text[], %(ids)s::uuid[]) AS v (user_id, id)
 WHERE gone.id = v.id AND gone.user_id = v.user_id
