-- Rows: some customers of one account, anywhere in the table; total, how many there are.
-- Leans on the primary key of customer_links; reads it whole.
SELECT customer_id, count(*) OVER () AS total
  FROM customer_links
 WHERE CASE WHEN %(owner)s = '' THEN position('/' IN customer_id) = 0
            ELSE starts_with(customer_id, %(owner)s || '/') END
 ORDER BY md5(customer_id)
 LIMIT %(limit)s
