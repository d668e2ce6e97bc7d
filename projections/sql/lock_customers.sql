-- Rows: customer_id, user_id, claims, claimed_by; locked in id order.
-- Leans on the primary key of customer_links.
SELECT customer_id, user_id, claims, claimed_by
  FROM customer_links
 WHERE customer_id = ANY (%(customers)s::text[])
 ORDER BY customer_id
   FOR UPDATE
