-- Closing of a search for one: a live event before a test event of the same id.
-- Leans on nothing: there are at most a few.
 ORDER BY e.livemode DESC, e.recorded_at
 LIMIT 1
