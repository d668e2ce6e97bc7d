-- Rows: customer_id, claimed_by of every customer that anything ever said was this user's, or that the tables say is.
-- Leans on customer_links_claimed and customer_links_user.
SELECT customer_id, claimed_by
  FROM customer_links
 WHERE claimed_by @> ARRAY[%(user_id)s::text] OR user_id = %(user_id)s
