-- Rows: customer_id, claimed_by, user_id, claims of every customer ever claimed for this user.
-- Leans on customer_links_claimed.
SELECT customer_id, claimed_by, user_id, claims
  FROM customer_links
 WHERE claimed_by @> ARRAY[%(user_id)s::text]
