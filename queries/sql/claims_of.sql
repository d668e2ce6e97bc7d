-- Rows: customer_id, claimed_by of every customer that anything ever said was this user's.
-- Leans on customer_links_claimed.
SELECT customer_id, claimed_by
  FROM customer_links
 WHERE claimed_by @> ARRAY[%(user_id)s::text]
