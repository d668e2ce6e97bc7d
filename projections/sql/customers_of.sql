-- Rows: customer_id, user_id, claims of every customer linked to these users.
-- Leans on customer_links_user.
SELECT customer_id, user_id, claims
  FROM customer_links
 WHERE user_id = ANY (%(users)s::text[])
