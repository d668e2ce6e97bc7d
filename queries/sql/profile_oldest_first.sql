-- Closing of the profiles that share an address, the oldest first.
-- Leans on nothing: there are few of them.
 ORDER BY u.created_at, u.id
 LIMIT %(limit)s::integer
