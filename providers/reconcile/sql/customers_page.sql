-- Rows: the next known customers of one account, and their users.
-- Leans on the primary key of customer_links.
SELECT customer_id, user_id
  FROM customer_links
 WHERE customer_id > %(after)s
   AND CASE WHEN %(owner)s = '' THEN position('/' IN customer_id) = 0
            ELSE starts_with(customer_id, %(owner)s || '/') END
 ORDER BY customer_id
 LIMIT %(limit)s
