-- No rows; removes rows without events; dependent rows follow by cascade.
-- Leans on the primary key of creator_lists.
DELETE FROM creator_lists AS gone
 USING unnest(%(users)s::text[], %(ids)s::uuid[]) AS v (user_id, id)
 WHERE gone.id = v.id AND gone.user_id = v.user_id
