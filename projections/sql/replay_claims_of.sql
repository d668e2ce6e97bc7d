-- Rows: customer_id, claimed_by of every customer ever claimed for this user, or linked to them in the tables.
-- Leans on customer_links_claimed and customer_links_user.
SELECT customer_id, claimed_by
  FROM customer_links
 WHERE claimed_by @> ARRAY[%(user_id)s::text] OR user_id = %(user_id)s
