-- Rows: customers that anything ever said were one of these users'.
-- Leans on customer_links_claimed.
SELECT customer_id FROM customer_links WHERE claimed_by && %(users)s::text[]
